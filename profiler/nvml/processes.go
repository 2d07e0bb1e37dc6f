//go:build cgo && linux

package nvml

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processes tells this program's processes from others.
type processes struct {
	proc   string // "/proc"
	self   int
	nested bool // this program lives in a namespace of process ids of its own: a container
}

// initialNamespace is the link of the namespace in which the machine started.
const initialNamespace = "pid:[4026531836]"

// newProcesses looks at the process files of the machine.
func newProcesses(proc string, self int) processes {
	space, err := os.Readlink(filepath.Join(proc, "self", "ns", "pid"))
	return processes{proc: proc, self: self, nested: err == nil && space != initialNamespace}
}

// foreign counts the listed processes that are neither this one nor below it.
//
// In a container, some drivers list ids that mean something outside of it alone, so that this program does not find its
// own processes. Then, as long as none of those listed is this program's, one that the container does not know is taken
// for it.
func (p processes) foreign(pids []int) int {
	count, unknown, ours := 0, 0, false
	for _, pid := range pids {
		mine, known := p.mine(pid)
		switch {
		case mine:
			ours = true
		case !known:
			unknown++
		default:
			count++
		}
	}
	if p.nested && !ours && unknown > 0 {
		unknown--
	}
	return count + unknown
}

// mine reports whether a process is this one or below it, and whether it is known at all.
func (p processes) mine(pid int) (mine, known bool) {
	for range 100 { // ends a chain that changes while it is followed
		if pid == p.self {
			return true, true
		}
		group, parent, ok := p.status(pid)
		if !ok {
			return false, known
		}
		known = true
		if group == p.self {
			return true, true
		}
		if parent <= 0 {
			return false, true
		}
		pid = parent
	}
	return false, true
}

// status reads to which process an id belongs, since drivers list threads too, and which one started it.
func (p processes) status(pid int) (group, parent int, ok bool) {
	text, err := os.ReadFile(filepath.Join(p.proc, strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, 0, false
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		n, err := strconv.Atoi(strings.TrimSpace(value))
		switch {
		case err != nil:
		case key == "Tgid":
			group = n
		case key == "PPid":
			parent = n
		}
	}
	return group, parent, true
}
