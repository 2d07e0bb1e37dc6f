package ort

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/irene-onnx/irene/profiler"
)

// engine is what the child runs workloads with. Its methods are called on one system thread.
type engine interface {
	open(openRequest) (*hello, error)
	prepare(profiler.Workload) (session, []string, error)
	optimize(optimizeRequest) error
}

// session is a workload ready to run. Close, burst and loop are called on the engine's thread, the rest on any.
type session interface {
	graph() bool
	burst(n int64) (nanos int64, err error)
	loop() error // until it is stopped
	arm()        // before burst and loop: forgets a stop, and progress
	stop()
	progress() (runs, at int64)
	close()
}

// Serve answers the requests of an [Executor] in another process until in ends. The program that calls it does nothing
// else, and exits when it returns, whatever is still running; processes that libraries started are gone by then. It ends the
// program itself when that is told to terminate. What libraries print to out goes to standard error instead.
func Serve(in, out *os.File) error {
	defer endStrays()
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	go func() {
		<-terminate
		endStrays()
		os.Exit(1)
	}()
	replies, err := takeOver(out)
	if err != nil {
		return fmt.Errorf("onnxruntime: standard output: %w", err)
	}
	if _, err := io.WriteString(replies, greeting); err != nil {
		return fmt.Errorf("onnxruntime: standard output: %w", err)
	}
	e, err := newEngine()
	if err != nil {
		e = noEngine{err}
	}
	s := &server{engine: e, replies: gob.NewEncoder(replies), runs: map[int]session{}, jobs: make(chan func(), 1)}
	go s.work()
	requests := gob.NewDecoder(in)
	for {
		var r request
		switch err := requests.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("onnxruntime: request: %w", err)
		}
		s.handle(r)
	}
}

// endStrays ends what libraries in this process started, where it is the child of an Executor.
func endStrays() {
	if mark := os.Getenv(strings.TrimSuffix(childMark, "=")); mark != "" {
		killStrays(childMark+mark, os.Getpid())
	}
}

// noEngine is in place of an engine that there is not.
type noEngine struct{ err error }

func (e noEngine) open(openRequest) (*hello, error) { return nil, e.err }

func (e noEngine) prepare(profiler.Workload) (session, []string, error) { return nil, nil, e.err }

func (e noEngine) optimize(optimizeRequest) error { return e.err }

// server is the child's side.
type server struct {
	engine engine
	jobs   chan func() // for the worker

	sending sync.Mutex
	replies *gob.Encoder

	mu      sync.Mutex
	runs    map[int]session
	last    int     // run
	current session // that bursts or loops
	load    *load
}

// load is a loop that was started and not yet stopped.
type load struct {
	session session
	done    chan struct{}
	err     error // once done
}

// work runs jobs on one system thread: recorded launches belong to the thread that recorded them.
func (s *server) work() {
	runtime.LockOSThread()
	for job := range s.jobs {
		job()
	}
}

func (s *server) send(r reply) {
	s.sending.Lock()
	defer s.sending.Unlock()
	// Where nobody listens any more, the requests end too, and with them the process.
	_ = s.replies.Encode(r)
}

func (s *server) fail(err error) { s.send(reply{Failure: asFailure(err)}) }

// handle answers a request, or has the worker answer it. It never waits for a run.
func (s *server) handle(r request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Verb == verbInterrupt:
		if s.current != nil {
			s.current.stop()
		}
	case s.load != nil && r.Verb == verbProgress:
		go s.tell(s.load)
	case s.load != nil && r.Verb == verbStop:
		l := s.load
		s.load = nil
		l.session.stop()
		go func() {
			<-l.done
			s.tell(l)
		}()
	case s.load != nil:
		go s.fail(errors.New("a load is running"))
	case r.Open != nil:
		s.jobs <- func() { s.open(*r.Open) }
	case r.Prepare != nil:
		s.jobs <- func() { s.prepare(*r.Prepare) }
	case r.Optimize != nil:
		s.jobs <- func() { s.answer(reply{}, s.engine.optimize(*r.Optimize)) }
	default:
		s.handleRun(r)
	}
}

// handleRun answers what is about one run.
func (s *server) handleRun(r request) {
	run := s.runs[r.Run]
	if run == nil {
		go s.fail(fmt.Errorf("no run %d", r.Run))
		return
	}
	switch r.Verb {
	case verbClose:
		delete(s.runs, r.Run)
		s.jobs <- func() {
			run.close()
			s.send(reply{})
		}
	case verbBurst:
		run.arm()
		s.current = run
		s.jobs <- func() {
			nanos, err := run.burst(r.N)
			s.idle()
			s.answer(reply{Nanos: nanos}, err)
		}
	case verbStart:
		run.arm()
		l := &load{session: run, done: make(chan struct{})}
		s.current, s.load = run, l
		s.jobs <- func() {
			s.send(reply{})
			l.err = run.loop()
			s.idle()
			close(l.done)
		}
	default:
		go s.fail(errors.New("no load is running"))
	}
}

func (s *server) idle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = nil
}

// tell answers how far a load is.
func (s *server) tell(l *load) {
	select {
	case <-l.done:
		if l.err != nil {
			s.fail(l.err)
			return
		}
	default:
	}
	runs, at := l.session.progress()
	s.send(reply{Runs: runs, Nanos: at})
}

func (s *server) answer(r reply, err error) {
	if err != nil {
		s.fail(err)
		return
	}
	s.send(r)
}

func (s *server) open(r openRequest) {
	h, err := s.engine.open(r)
	s.answer(reply{Hello: h}, err)
}

func (s *server) prepare(w profiler.Workload) {
	run, notes, err := s.engine.prepare(w)
	if err != nil {
		s.fail(err)
		return
	}
	s.mu.Lock()
	s.last++
	id := s.last
	s.runs[id] = run
	s.mu.Unlock()
	s.send(reply{Run: id, Graph: run.graph(), Notes: notes})
}
