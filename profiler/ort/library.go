package ort

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const libraryName = "libonnxruntime.so"

// libraries lists the files and names to try, or says what to do where there is none. A name without a folder is one that
// the system's loader is to find.
func libraries(named string) ([]string, error) {
	if named = cmp.Or(named, os.Getenv("ONNXRUNTIME_LIB")); named != "" {
		file, err := libraryAt(named)
		if err != nil {
			return nil, err
		}
		return []string{file}, nil
	}
	var found []string
	if venv := os.Getenv("VIRTUAL_ENV"); venv != "" {
		found = append(found, glob(filepath.Join(venv, "lib", "python*", "site-packages", "onnxruntime", "capi", libraryName+"*"))...)
	}
	if self, err := os.Executable(); err == nil {
		found = append(found, glob(filepath.Join(filepath.Dir(self), libraryName+"*"))...)
	}
	found = append(found, libraryName, libraryName+".1")
	for _, dir := range []string{"/usr/local/lib", "/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"} {
		found = append(found, glob(filepath.Join(dir, libraryName+"*"))...)
	}
	return found, nil
}

// libraryAt is the library that a user names, a file or a folder.
func libraryAt(named string) (string, error) {
	info, err := os.Stat(named)
	switch {
	case err != nil:
		return "", fmt.Errorf("onnxruntime: library: %w", err)
	case !info.IsDir():
		return filepath.Abs(named)
	}
	if found := glob(filepath.Join(named, libraryName+"*")); len(found) > 0 {
		return filepath.Abs(found[0])
	}
	return "", fmt.Errorf("onnxruntime: library: %s has no %s", named, libraryName)
}

// glob lists the files of a pattern, the newest version first.
func glob(pattern string) []string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil // a folder's name that is a bad pattern
	}
	slices.SortFunc(found, func(a, b string) int {
		if c := slices.Compare(versionOf(b), versionOf(a)); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	return found
}

// versionOf is the version at the end of a library's name.
func versionOf(file string) []int {
	_, version, _ := strings.Cut(filepath.Base(file), ".so.")
	var out []int
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		out = append(out, n)
	}
	return out
}

// errNoLibrary says what to do where no library was found.
var errNoLibrary = errors.New("no " + libraryName + " found: pip install onnxruntime (onnxruntime-gpu for a GPU), then --ort-lib …/site-packages/onnxruntime/capi")

// environment is the child's, for a library and a GPU.
func (o *Options) environment(library string) []string {
	const tf32 = "NVIDIA_TF32_OVERRIDE=" // goes before what ONNX Runtime asks CUDA's libraries for
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, tf32) })
	env = append(env, "ORT_DISABLE_TELEMETRY=1")
	if o.Provider != CPU && o.DeviceUUID != "" {
		env = append(env, "CUDA_VISIBLE_DEVICES="+o.DeviceUUID)
	}
	if o.Provider != CPU && !o.TF32 {
		env = append(env, tf32+"0")
	}
	if o.Provider != CPU {
		if dirs := besides(library); len(dirs) > 0 {
			if has := os.Getenv("LD_LIBRARY_PATH"); has != "" {
				dirs = append([]string{has}, dirs...)
			}
			env = append(env, "LD_LIBRARY_PATH="+strings.Join(dirs, ":"))
		}
	}
	return env
}

// besides lists the folders of the CUDA libraries that pip installs beside the runtime. The provider's library does not
// look there by itself.
func besides(library string) []string {
	capi := filepath.Dir(library)
	if filepath.Base(capi) != "capi" {
		return nil
	}
	packages := filepath.Dir(filepath.Dir(capi))
	return append(glob(filepath.Join(packages, "nvidia", "*", "lib")), glob(filepath.Join(packages, "tensorrt_libs"))...)
}
