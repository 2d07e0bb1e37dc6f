package rapl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// control is the name of the control type whose zones are read. That of AMD's processors is called so, too.
const control = "intel-rapl"

// zone is one counter.
type zone struct {
	folder string
	name   string // "package-0", "dram"
	limit  uint64 // largest value in µJ, after which the counter begins at 0 again
	last   uint64 // µJ
	total  uint64 // µJ since the meter was opened
}

// zoneName matches zones ("intel-rapl:0") and parts of zones ("intel-rapl:0:1").
var zoneName = regexp.MustCompile(`^` + control + `:\d+(:\d+)?$`)

// findZones lists the packages below root, in their order, each followed by its memory.
func findZones(root string) ([]zone, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: not there: no RAPL (modprobe intel_rapl_msr loads the driver; virtual machines and processors of other makers have none)", root)
	}
	if err != nil {
		return nil, err
	}
	var zones []zone
	for _, e := range entries { // sorted by name: a zone stands before its parts
		m := zoneName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		z := zone{folder: filepath.Join(root, e.Name())}
		if z.name, err = readText(filepath.Join(z.folder, "name")); err != nil {
			return nil, err
		}
		wanted, err := z.wanted(m[1] != "")
		if err != nil {
			return nil, err
		}
		if !wanted {
			continue
		}
		if z.limit, err = readNumber(filepath.Join(z.folder, "max_energy_range_uj")); err != nil {
			return nil, err
		}
		zones = append(zones, z)
	}
	if len(zones) == 0 {
		return nil, fmt.Errorf("%s: no package of a processor there (%s:0 and so on)", root, control)
	}
	return zones, nil
}

// wanted reports whether a zone is to be added. One whose place nobody knows is an error: it might cover others.
func (z *zone) wanted(part bool) (bool, error) {
	switch {
	case !part && strings.HasPrefix(z.name, "package-"):
		return true, nil
	case !part && z.name == "psys":
		return false, nil
	case part && z.name == "dram":
		return true, nil
	case part && (z.name == "core" || z.name == "uncore"):
		return false, nil
	}
	return false, fmt.Errorf("%s: unknown RAPL domain %q: cannot tell what it covers", z.folder, z.name)
}

// read takes the counter's value and carries on where it has begun again.
func (z *zone) read() error {
	now, err := z.counter()
	if err != nil {
		return err
	}
	if now >= z.last {
		z.total += now - z.last
	} else if z.last <= z.limit {
		z.total += z.limit - z.last + now
	} else {
		return fmt.Errorf("%s: %d µJ after %d, though its range ends at %d", z.file(), now, z.last, z.limit)
	}
	z.last = now
	return nil
}

// counter is the counter's value in µJ.
func (z *zone) counter() (uint64, error) {
	n, err := readNumber(z.file())
	if errors.Is(err, fs.ErrPermission) {
		return 0, fmt.Errorf("%s: permission denied: RAPL is root's to read; until the next boot, for everybody: sudo chmod a+r %s/%s:*/energy_uj; for good, a udev rule that does it", z.file(), filepath.Dir(z.folder), control)
	}
	return n, err
}

func (z *zone) file() string { return filepath.Join(z.folder, "energy_uj") }

func readText(path string) (string, error) {
	b, err := os.ReadFile(path)
	return strings.TrimSpace(string(b)), err
}

func readNumber(path string) (uint64, error) {
	text, err := readText(path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %.40q is not a number", path, text)
	}
	return n, nil
}
