package ort

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// cores is how many cores this process may use, hyperthreads of one core counted once.
func cores() int {
	seen := map[string]bool{}
	for _, cpu := range strings.Split(readText("/proc/cpuinfo"), "\n\n") {
		if id := field(cpu, "core id"); id != "" {
			seen[field(cpu, "physical id")+"/"+id] = true
		}
	}
	if len(seen) == 0 {
		return runtime.NumCPU()
	}
	return min(len(seen), runtime.NumCPU())
}

// cpuDevice describes this machine's processor with so many cores at work. What the system does not tell stays out.
func cpuDevice(threads int) energy.RecordDevice {
	name := cmp.Or(field(readText("/proc/cpuinfo"), "model name"), runtime.GOARCH)
	return energy.RecordDevice{
		ID: slug(name), Name: name, Kind: "cpu", Units: threads,
		CacheBytes: cacheBytes("/sys/devices/system/cpu/cpu0/cache"), MemoryBytes: size(field(readText("/proc/meminfo"), "MemTotal")),
	}
}

// gpuDevice describes a GPU as far as the driver's files tell: the one with the UUID or, without one, the only one that
// there is. A name, which a record has to have, is made up where they do not.
func gpuDevice(dir, uuid string, ordinal int) energy.RecordDevice {
	d := energy.RecordDevice{Kind: "gpu", UUID: uuid, Name: "CUDA device " + strconv.Itoa(ordinal)}
	found, err := filepath.Glob(filepath.Join(dir, "*", "information"))
	if err != nil {
		return d
	}
	for _, file := range found {
		text := readText(file)
		id, name := field(text, "GPU UUID"), field(text, "Model")
		if name == "" || uuid != "" && id != uuid || uuid == "" && len(found) > 1 {
			continue
		}
		d.Name, d.UUID = name, id
	}
	return d
}

// cacheBytes is the size of the last level of cache that a folder of sysfs describes; 0 where it describes none.
func cacheBytes(dir string) int64 {
	found, err := filepath.Glob(filepath.Join(dir, "index*"))
	if err != nil {
		return 0
	}
	var last int
	var bytes int64
	for _, cache := range found {
		level, err := strconv.Atoi(strings.TrimSpace(readText(filepath.Join(cache, "level"))))
		if n := size(readText(filepath.Join(cache, "size"))); err == nil && level > last && n > 0 {
			last, bytes = level, n
		}
	}
	return bytes
}

// size reads "33792K", "33 M" or "16 kB"; 0 is what it cannot read.
func size(s string) int64 {
	s = strings.TrimSpace(s)
	digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	switch unit := strings.ToUpper(strings.TrimSpace(s[len(digits):])); {
	case strings.HasPrefix(unit, "K"):
		return n << 10
	case strings.HasPrefix(unit, "M"):
		return n << 20
	case strings.HasPrefix(unit, "G"):
		return n << 30
	}
	return n
}

// field is the value of the first line "name : value".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// readText is a small file of the system, empty where there is none.
func readText(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(b)
}

// slug makes an identifier of a name: "Intel(R) Xeon(R) CPU @ 2.20GHz" is "intel-xeon-cpu-2-20ghz".
func slug(name string) string {
	name = strings.NewReplacer("(r)", " ", "(tm)", " ").Replace(strings.ToLower(name))
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}
