package ort

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killStrays kills the processes that libraries in a child started: whoever has its mark in the environment, wherever it
// went, or is in its process group, whatever its environment. It looks again until a look finds none, since what is being
// killed may have started more, but not for ever.
func killStrays(mark string, group int) {
	const looks, pause = 20, 5 * time.Millisecond
	for range looks {
		found := strays("/proc", mark, group)
		for _, pid := range found {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
		}
		if len(found) == 0 {
			return
		}
		time.Sleep(pause)
	}
}

// strays are the processes with a mark or in a group, but for this one and those that are dead and not yet reaped.
func strays(proc, mark string, group int) []int {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		dir := filepath.Join(proc, e.Name())
		state, in, ok := stateAndGroup(readText(filepath.Join(dir, "stat")))
		if !ok || state == "Z" || state == "X" {
			continue
		}
		if in == group || marked(dir, mark) {
			out = append(out, pid)
		}
	}
	return out
}

// marked reports whether the environment with which a process's program began has a variable as given.
func marked(dir, variable string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "environ"))
	if err != nil {
		return false // it is somebody else's
	}
	for v := range bytes.SplitSeq(text, []byte{0}) {
		if string(v) == variable {
			return true
		}
	}
	return false
}

// stateAndGroup reads the state and the process group off a line of /proc/PID/stat. The name before them may hold anything.
func stateAndGroup(stat string) (state string, group int, ok bool) {
	i := strings.LastIndexByte(stat, ')')
	if i < 0 {
		return "", 0, false
	}
	fields := strings.Fields(stat[i+1:])
	if len(fields) < 3 {
		return "", 0, false
	}
	group, err := strconv.Atoi(fields[2])
	return fields[0], group, err == nil
}

// killGroup kills a child and what is in its process group.
func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) }
