//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package onnx

import "os"

// mapFile reports false: the file is read instead.
func mapFile(*os.File, int64) ([]byte, bool) { return nil, false }

const openFlags = os.O_RDONLY

// links reports false: this platform does not tell how many names a file has.
func links(os.FileInfo) (uint64, bool) { return 0, false }
