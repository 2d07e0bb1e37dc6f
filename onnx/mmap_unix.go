//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package onnx

import (
	"os"
	"syscall"
)

// mapFile maps a file for reading; it reports false where that is not possible.
func mapFile(f *os.File, size int64) ([]byte, bool) {
	if int64(int(size)) != size {
		return nil, false
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	return b, err == nil
}

// openFlags keep the opening of a named pipe from waiting for a writer.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// links is the number of names an open file has.
func links(info os.FileInfo) (uint64, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return uint64(st.Nlink), true
}
