//go:build cgo && linux

package nvml

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// board is one GPU as NVML lists it.
type board struct {
	index int    // NVML's, as nvidia-smi prints it
	name  string // "NVIDIA H200"
	uuid  string // "GPU-…"
	bus   string // PCI bus id: "00000000:19:00.0"
}

func (b board) String() string { return fmt.Sprintf("GPU %d (%s, %s)", b.index, b.name, b.uuid) }

// choice is a board and where programs on CUDA find it.
type choice struct {
	board
	ordinal int // among the devices that CUDA shows; -1 where that cannot be told
}

// environment is what CUDA reads of the environment to decide which devices a program sees, and in which order.
type environment struct {
	visible *string // CUDA_VISIBLE_DEVICES; nil where it is not set
	byBus   bool    // CUDA_DEVICE_ORDER=PCI_BUS_ID
}

// choose picks the board that gpu names: by its UUID or the beginning of it, or by its place among the visible ones;
// where gpu is empty, the first visible one.
//
// Unless it is told to go by the PCI bus, CUDA puts the fastest device first and leaves the order of the others open,
// while NVML goes by the bus. On a machine with different GPUs a number means one board here and another one there;
// CUDA_VISIBLE_DEVICES with numbers is refused on such a machine, unless gpu is a UUID.
func choose(boards []board, gpu string, env environment) (choice, error) {
	boards = slices.SortedFunc(slices.Values(boards), func(a, b board) int { return cmp.Or(cmp.Compare(a.bus, b.bus), cmp.Compare(a.index, b.index)) })
	ordered := env.byBus || sameName(boards)
	byUUID := strings.HasPrefix(gpu, "GPU-")
	shown, err := visible(boards, env.visible, ordered)
	if err != nil && !(byUUID && err.ambiguous) {
		return choice{}, err
	}
	if err != nil {
		shown = boards
	}
	k, problem := pick(shown, gpu)
	if problem != "" {
		return choice{}, fmt.Errorf("nvml: %s; visible are %s", problem, list(shown))
	}
	c := choice{board: shown[k], ordinal: k}
	if err != nil || !ordered && env.visible == nil {
		c.ordinal = -1
	}
	return c, nil
}

// pick finds a board among the visible ones, which are at least one.
func pick(shown []board, gpu string) (k int, problem string) {
	if gpu == "" {
		return 0, ""
	}
	if n, err := strconv.Atoi(gpu); err == nil {
		if n < 0 || n >= len(shown) {
			return 0, fmt.Sprintf("there is no GPU %d", n)
		}
		return n, ""
	}
	if strings.HasPrefix(gpu, "MIG-") {
		return 0, fmt.Sprintf("%s is an instance of a GPU (MIG), and the energy of one cannot be told from its board's: name a whole GPU", gpu)
	}
	if !strings.HasPrefix(gpu, "GPU-") {
		return 0, fmt.Sprintf("%q is no GPU: give its number, or its UUID with GPU- in front", gpu)
	}
	switch found := withPrefix(shown, gpu); len(found) {
	case 1:
		return found[0], ""
	case 0:
		return 0, "there is no GPU " + gpu
	}
	return 0, "more than one GPU begins with " + gpu
}

// visibleError says why no device can be chosen by CUDA_VISIBLE_DEVICES.
type visibleError struct {
	text      string
	ambiguous bool // it names boards by numbers that may mean others to CUDA
}

func (e *visibleError) Error() string { return "nvml: " + e.text }

// visible lists the boards that CUDA shows, in its order, by its rules: numbers count through the boards, UUIDs may be
// cut short as long as they are unique, the first entry that names no board ends the list, and a board named twice
// empties it.
func visible(boards []board, value *string, ordered bool) ([]board, *visibleError) {
	if value == nil {
		if len(boards) == 0 {
			return nil, &visibleError{text: "the driver knows no GPU"}
		}
		return boards, nil
	}
	var shown []board
	for entry := range strings.SplitSeq(*value, ",") {
		entry = strings.TrimSpace(entry)
		if strings.HasPrefix(entry, "MIG-") {
			return nil, &visibleError{text: fmt.Sprintf("CUDA_VISIBLE_DEVICES names %s, an instance of a GPU (MIG), and the energy of one cannot be told from its board's: name a whole GPU", entry)}
		}
		k, numbered := entryBoard(boards, entry)
		if numbered && !ordered {
			return nil, &visibleError{ambiguous: true, text: fmt.Sprintf("the GPUs here differ, and CUDA_VISIBLE_DEVICES=%s counts them from the fastest: set CUDA_DEVICE_ORDER=PCI_BUS_ID too, or name a UUID of %s", *value, list(boards))}
		}
		if k < 0 {
			break
		}
		if slices.Contains(shown, boards[k]) {
			return nil, &visibleError{text: fmt.Sprintf("CUDA_VISIBLE_DEVICES=%s names a GPU twice, which hides all of them from CUDA", *value)}
		}
		shown = append(shown, boards[k])
	}
	if len(shown) == 0 {
		return nil, &visibleError{text: fmt.Sprintf("CUDA_VISIBLE_DEVICES=%s hides every GPU; there are %s", *value, list(boards))}
	}
	return shown, nil
}

// entryBoard finds the board that one entry of CUDA_VISIBLE_DEVICES names, -1 where it names none, and whether it does
// so by its number.
func entryBoard(boards []board, entry string) (k int, numbered bool) {
	if strings.HasPrefix(entry, "GPU-") {
		if found := withPrefix(boards, entry); len(found) == 1 {
			return found[0], false
		}
		return -1, false
	}
	n, err := strconv.Atoi(entry)
	if err != nil || n < 0 || n >= len(boards) {
		return -1, false
	}
	return n, true
}

// withPrefix lists the places of the boards whose UUID begins with prefix.
func withPrefix(boards []board, prefix string) []int {
	var found []int
	for i, b := range boards {
		if strings.HasPrefix(b.uuid, prefix) {
			found = append(found, i)
		}
	}
	return found
}

// sameName reports whether all boards are of one kind.
func sameName(boards []board) bool {
	return !slices.ContainsFunc(boards, func(b board) bool { return b.name != boards[0].name })
}

// list names boards for a message.
func list(boards []board) string {
	if len(boards) == 0 {
		return "none"
	}
	names := make([]string, len(boards))
	for i, b := range boards {
		names[i] = b.String()
	}
	return strings.Join(names, ", ")
}
