package ort

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/profiler"
)

// Executor runs workloads with ONNX Runtime in a child process, which it starts again after a crash.
type Executor struct {
	options   Options
	libraries []string
	hello     hello

	mu       sync.Mutex
	child    *child
	prepared int // workloads that the child has had
	closed   bool
}

// maxPrepared is how many workloads a child prepares before another takes its place: what one leaves behind in a library
// or on a device is gone with it.
const maxPrepared = 64

var (
	_ profiler.Executor  = (*Executor)(nil)
	_ profiler.Optimizer = (*Executor)(nil)
)

// Open starts the child and looks whether the provider works. The context bounds that alone.
func Open(ctx context.Context, options Options) (*Executor, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Executor{options: options}
	if e.libraries, err = libraries(options.Library); err != nil {
		return nil, err
	}
	if e.child, e.hello, err = e.start(ctx); err != nil {
		return nil, err
	}
	// Whoever comes after it is to have the same library.
	e.libraries = []string{e.hello.Library}
	if minor(e.hello.Version) > 31 {
		options.Logf("onnxruntime: version %s is newer than those that this was tried with, 1.22 to 1.31", e.hello.Version)
	}
	return e, nil
}

// minor is n of version "1.n.p".
func minor(version string) int {
	if v := versionOf(".so." + version); len(v) > 1 {
		return v[1]
	}
	return 0
}

// start starts a child and opens the library in it.
func (e *Executor) start(ctx context.Context) (*child, hello, error) {
	o := &e.options
	library := ""
	if len(e.libraries) > 0 {
		library = e.libraries[0]
	}
	c, err := startChild(o.Command, o.environment(library), o.Stderr, o.Grace)
	if err != nil {
		return nil, hello{}, fmt.Errorf("onnxruntime: cannot start the child process: %w", err)
	}
	if err := c.greet(ctx); err != nil {
		c.close()
		return nil, hello{}, err
	}
	device := o.Device
	if o.DeviceUUID != "" {
		device = 0 // the only one that the child sees
	}
	answer, err := c.call(ctx, request{Open: &openRequest{
		Libraries: e.libraries, Provider: o.Provider, Device: device, Threads: o.Threads, TF32: o.TF32,
	}}, "open")
	if err != nil {
		c.close()
		if o.Library == "" && os.Getenv("ONNXRUNTIME_LIB") == "" && noShared.MatchString(err.Error()) && !filepath.IsAbs(library) {
			return nil, hello{}, fmt.Errorf("onnxruntime: %w", errNoLibrary)
		}
		return nil, hello{}, err
	}
	return c, *answer.Hello, nil
}

// ready is a child that can take a workload: the one there is, or a new one.
func (e *Executor) ready(ctx context.Context) (*child, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.New("onnxruntime: the executor is closed")
	}
	if e.child != nil {
		if e.child.usable() && e.prepared < maxPrepared {
			return e.child, nil
		}
		e.child.close()
		e.child = nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", context.Cause(ctx))
	}
	c, _, err := e.start(ctx)
	switch {
	case err == nil:
		e.child, e.prepared = c, 0
		return c, nil
	case ctx.Err() != nil:
		return nil, err
	}
	return nil, fmt.Errorf("%w: it worked before: %w", profiler.ErrDevice, err)
}

var commit = regexp.MustCompile(`git-commit-id=(\w+)`)

// Describe says what the child found, and what is known of the device without measuring it.
func (e *Executor) Describe() profiler.Description {
	o := &e.options
	d := profiler.Description{
		Runtime: energy.Runtime{
			Name: "onnxruntime", Version: e.hello.Version,
			Options: map[string]string{"provider": o.Provider, "threads": strconv.Itoa(o.Threads), "optimization": "none"},
		},
	}
	if m := commit.FindStringSubmatch(e.hello.Build); m != nil {
		d.Runtime.Options["commit"] = m[1]
	}
	if o.Provider == CPU {
		d.Device = cpuDevice(o.Threads)
		return d
	}
	d.Runtime.Options["tf32"] = strconv.FormatBool(o.TF32)
	d.Device = gpuDevice("/proc/driver/nvidia/gpus", o.DeviceUUID, o.Device)
	return d
}

// Prepare makes a session of the workload's model, binds its inputs and outputs and runs it once, more often where
// launches are recorded.
func (e *Executor) Prepare(ctx context.Context, w profiler.Workload) (profiler.Run, error) {
	what := cmp.Or(w.Name, "workload")
	if w.Path != "" {
		path, err := filepath.Abs(w.Path)
		if err != nil {
			return nil, fmt.Errorf("onnxruntime: %s: %w", what, err)
		}
		w.Path = path
	}
	for try := 0; ; try++ {
		c, err := e.ready(ctx)
		if err != nil {
			return nil, err
		}
		first := e.take()
		start := time.Now()
		answer, err := c.call(ctx, request{Prepare: &w}, what)
		switch {
		case err == nil:
			return e.run(c, answer, what, time.Since(start)), nil
		case try > 0 || first || !errors.Is(err, profiler.ErrUnsupported) || c.usable() || ctx.Err() != nil:
			return nil, err
		}
		// It took more memory than there is after others: a child of its own may have enough.
	}
}

// take counts another workload of the child, and reports whether it is the first.
func (e *Executor) take() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.prepared++
	return e.prepared == 1
}

// run is a workload that a child has ready.
func (e *Executor) run(c *child, answer reply, what string, took time.Duration) *run {
	for _, note := range answer.Notes {
		e.options.Logf("onnxruntime: %s", note)
	}
	return &run{child: c, id: answer.Run, name: what, graph: answer.Graph, took: took}
}

// level is the number of an optimization level at which models can be written; the levels above depend on the machine.
func level(name string) (int, error) {
	switch name {
	case "basic":
		return 1, nil
	case "extended":
		return 2, nil
	}
	return 0, fmt.Errorf("onnxruntime: optimization level %q, want basic or extended", name)
}

// Optimize writes the model of a file as the runtime rewrites it for the provider. Tensors of 1 KiB and more come into a
// file beside the result, named like it with ".data" at the end. Both files appear whole or not at all.
func (e *Executor) Optimize(ctx context.Context, model, result, name string) error {
	n, err := level(name)
	if err != nil {
		return err
	}
	if model, err = filepath.Abs(model); err != nil {
		return fmt.Errorf("onnxruntime: %w", err)
	}
	c, err := e.ready(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(result), ".optimize-*")
	if err != nil {
		return fmt.Errorf("onnxruntime: %w", err)
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("onnxruntime: %w", err)
	}
	written := filepath.Join(dir, filepath.Base(result))
	if _, err := c.call(ctx, request{Optimize: &optimizeRequest{Model: model, Result: written, Level: n}}, "optimize "+model); err != nil {
		return err
	}
	// The model comes last: it names the data.
	if err := os.Rename(written+".data", result+".data"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("onnxruntime: %w", err)
	}
	if err := os.Rename(written, result); err != nil {
		return fmt.Errorf("onnxruntime: %w", err)
	}
	return nil
}

// Close ends the child.
func (e *Executor) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.child != nil {
		e.child.close()
		e.child = nil
	}
	return nil
}
