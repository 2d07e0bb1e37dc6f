//go:build cgo && linux

package nvml

// #include <stdlib.h>
// #include "forward.h"
import "C"

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"github.com/irene-onnx/irene/profiler"
)

// defaultLibrary is what the driver installs.
const defaultLibrary = "libnvidia-ml.so.1"

// load opens the library at a path, or the driver's, and initializes it. Every success asks for one unload.
func load(path string) (nvml.Interface, error) {
	name := cmp.Or(path, defaultLibrary)
	if err := openForwarders(name); err != nil {
		if path == "" && strings.Contains(err.Error(), "No such file") {
			err = absentError(name + " not found: is the NVIDIA driver installed? Give it with --nvml-lib")
		}
		return nil, fmt.Errorf("nvml: %w", err)
	}
	lib := nvml.New(nvml.WithLibraryPath(name))
	if ret := lib.Init(); ret != nvml.SUCCESS {
		text := ret.Error() // before the library is closed: it holds the text
		C.irene_nvml_close()
		return nil, fmt.Errorf("nvml: %s does not start: %s", name, text)
	}
	return lib, nil
}

// absentError is a profiler.ErrAbsent in other words.
type absentError string

// Error says what is not there.
func (e absentError) Error() string { return string(e) }

// Is reports whether the target is profiler.ErrAbsent.
func (e absentError) Is(target error) bool { return target == profiler.ErrAbsent }

// unload ends what load began.
func unload(lib nvml.Interface) error {
	defer C.irene_nvml_close()
	if ret := lib.Shutdown(); ret != nvml.SUCCESS {
		return failure("shut down", ret)
	}
	return nil
}

// openForwarders lets the functions of NVML that this program holds find those of a library.
func openForwarders(name string) error {
	path := C.CString(name)
	defer C.free(unsafe.Pointer(path))
	problem := C.irene_nvml_open(path)
	if problem == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(problem))
	return errors.New(C.GoString(problem))
}

// failure is the error of a call that did not succeed: a profiler.ErrDevice where no later one will.
func failure(what string, ret nvml.Return) error {
	switch ret {
	case nvml.ERROR_UNINITIALIZED, nvml.ERROR_DRIVER_NOT_LOADED, nvml.ERROR_GPU_IS_LOST, nvml.ERROR_RESET_REQUIRED, nvml.ERROR_GPU_NOT_FOUND:
		return fmt.Errorf("nvml: %s: %s: %w", what, ret.Error(), profiler.ErrDevice)
	}
	return fmt.Errorf("nvml: %s: %s", what, ret.Error())
}
