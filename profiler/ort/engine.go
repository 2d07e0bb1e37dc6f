//go:build cgo && linux

package ort

// #cgo CFLAGS: -std=gnu11 -O2 -Wall
// #cgo LDFLAGS: -ldl -lpthread
// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/irene-onnx/irene/profiler"
)

// cEngine is ONNX Runtime in this process.
type cEngine struct {
	ort      *C.irene_ort
	provider string
	device   int
	threads  int
	tf32     bool
}

func newEngine() (engine, error) {
	C.irene_plain_signals()
	// The library would otherwise write files of usage statistics, and has to find this when it is loaded.
	if err := os.Setenv("ORT_DISABLE_TELEMETRY", "1"); err != nil {
		return nil, err
	}
	return &cEngine{}, nil
}

// status makes an error of what the shim returned, nil where all is well.
func (e *cEngine) status(s C.irene_status) error {
	if s.text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(s.text))
	return classify(int(s.code), C.GoString(s.text), e.provider)
}

// take is the Go string of a C string that is freed.
func take(s *C.char) string {
	defer C.free(unsafe.Pointer(s))
	return C.GoString(s)
}

func (e *cEngine) open(r openRequest) (*hello, error) {
	if e.ort != nil {
		return nil, errors.New("it is open already")
	}
	e.provider, e.device, e.threads, e.tf32 = r.Provider, r.Device, r.Threads, r.TF32
	var first error
	for _, name := range r.Libraries {
		err := e.load(name)
		if err == nil {
			if err := e.probe(); err != nil {
				return nil, err
			}
			return &hello{
				Library: name, Version: C.GoString(C.irene_version(e.ort)), Build: C.GoString(C.irene_build(e.ort)), Pid: os.Getpid(),
			}, nil
		}
		if first == nil || strings.ContainsRune(name, '/') {
			first = err
		}
	}
	return nil, first
}

func (e *cEngine) load(name string) error {
	path := C.CString(name)
	defer C.free(unsafe.Pointer(path))
	return e.status(C.irene_open(path, &e.ort))
}

// probe finds out whether the provider works, with the smallest of models.
func (e *cEngine) probe() error {
	var names *C.char
	if err := e.status(C.irene_providers(e.ort, &names)); err != nil {
		return err
	}
	have := strings.Fields(take(names))
	if !slices.Contains(have, providerName(e.provider)) {
		return fmt.Errorf("this library has no %s provider (it has %s); a GPU build is needed: pip install onnxruntime-gpu, and --ort-lib with its libonnxruntime.so",
			e.provider, strings.Join(have, ", "))
	}
	take(C.irene_log(e.ort))
	s, _, err := e.prepare(probeWorkload())
	if err != nil {
		if e.provider == CPU {
			return err
		}
		return errors.New(unloadable(e.provider, err.Error(), take(C.irene_log(e.ort))))
	}
	s.close()
	return nil
}

func (e *cEngine) prepare(w profiler.Workload) (session, []string, error) {
	graph := w.Graph && e.provider != CPU
	s, notes, err := e.start(w, graph)
	if err == nil || !graph {
		return asSession(s, notes, err)
	}
	why := err
	if s, notes, err = e.start(w, false); err == nil {
		notes = append(notes, fmt.Sprintf("%s: launches cannot be recorded: %v", w.Name, why))
	}
	return asSession(s, notes, err)
}

func asSession(s *cSession, notes []string, err error) (session, []string, error) {
	if err != nil {
		return nil, nil, err
	}
	return s, notes, nil
}

// start makes a session and runs it for the first time.
func (e *cEngine) start(w profiler.Workload, graph bool) (*cSession, []string, error) {
	s, notes, err := e.place(w, graph)
	if err != nil {
		return nil, nil, err
	}
	if err := s.ready(w.Inputs); err != nil {
		s.close()
		return nil, nil, err
	}
	return s, notes, nil
}

// place makes a session. On a GPU, it refuses nodes that the CPU would run, unless they only compute sizes.
func (e *cEngine) place(w profiler.Workload, graph bool) (*cSession, []string, error) {
	c := sessionConfig{graph: graph}
	if e.provider == CPU {
		s, err := e.session(w, c)
		return s, nil, err
	}
	c.entries = []string{"session.disable_cpu_ep_fallback", "1"}
	s, err := e.session(w, c)
	if err == nil || !isFallback(err) {
		return s, nil, err
	}
	c.entries, c.placements = nil, true
	s, err = e.session(w, c)
	if err != nil {
		return nil, nil, err
	}
	ops, harmless := onHost(take(C.irene_placements(s.run)))
	if harmless {
		return s, []string{fmt.Sprintf("%s: the CPU computes sizes (%s)", w.Name, strings.Join(ops, ", "))}, nil
	}
	s.close()
	where := "everything"
	if len(ops) > 0 {
		where = strings.Join(ops, ", ")
	}
	return nil, nil, &failure{Text: fmt.Sprintf("the %s provider does not take every node: %s would run on the CPU", e.provider, where), Unsupported: true}
}

// sessionConfig is how one session differs from another.
type sessionConfig struct {
	graph      bool
	level      int
	optimized  string
	entries    []string
	placements bool
}

// providerOptions are keys and values for the provider.
func (e *cEngine) providerOptions(graph bool) []string {
	id := strconv.Itoa(e.device)
	switch {
	case e.provider == CUDA && graph:
		return []string{"device_id", id, "use_tf32", onOff(e.tf32), "enable_cuda_graph", "1"}
	case e.provider == CUDA:
		return []string{"device_id", id, "use_tf32", onOff(e.tf32)}
	case e.provider == TensorRT && graph:
		return []string{"device_id", id, "trt_cuda_graph_enable", "1"}
	case e.provider == TensorRT:
		return []string{"device_id", id}
	}
	return nil
}

// session makes a session of a workload's model.
func (e *cEngine) session(w profiler.Workload, c sessionConfig) (*cSession, error) {
	var a arena
	defer a.free()
	options := e.providerOptions(c.graph)
	config := (*C.irene_config)(a.alloc(C.sizeof_irene_config))
	config.provider = C.int(slices.Index([]string{CPU, CUDA, TensorRT}, e.provider))
	config.device, config.threads, config.level = C.int(e.device), C.int(e.threads), C.int(c.level)
	config.options, config.options_len = a.strings(options), C.size_t(len(options))
	config.entries, config.entries_len = a.strings(c.entries), C.size_t(len(c.entries))
	if c.optimized != "" {
		config.optimized = a.string(c.optimized)
	}
	if c.placements {
		config.placements = 1
	}
	var path *C.char
	if w.Path != "" {
		path = a.string(w.Path)
	}
	s := &cSession{engine: e, recorded: c.graph}
	err := e.status(C.irene_session(e.ort, config, path, unsafe.Pointer(unsafe.SliceData(w.Model)), C.size_t(len(w.Model)), &s.run))
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (e *cEngine) optimize(r optimizeRequest) error {
	name := filepath.Base(r.Result) + ".data"
	s, err := e.session(profiler.Workload{Path: r.Model}, sessionConfig{
		level: r.Level, optimized: r.Result,
		entries: []string{
			"session.optimized_model_external_initializers_file_name", name,
			"session.optimized_model_external_initializers_min_size_in_bytes", "1024",
		},
	})
	if err != nil {
		return err
	}
	s.close()
	return nil
}

// arena is C memory that is freed together.
type arena []unsafe.Pointer

func (a *arena) alloc(size C.size_t) unsafe.Pointer {
	p := C.calloc(1, size)
	*a = append(*a, p)
	return p
}

func (a *arena) string(s string) *C.char {
	p := C.CString(s)
	*a = append(*a, unsafe.Pointer(p))
	return p
}

// strings is an array of C strings; it has room for one at least.
func (a *arena) strings(list []string) **C.char {
	p := (**C.char)(a.alloc(C.size_t(len(list)+1) * C.size_t(unsafe.Sizeof(uintptr(0)))))
	for i, s := range list {
		unsafe.Slice(p, len(list))[i] = a.string(s)
	}
	return p
}

func (a *arena) free() {
	for _, p := range *a {
		C.free(p)
	}
}
