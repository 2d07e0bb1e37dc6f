package ort

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is the process that runs workloads. One call at a time is under way.
type child struct {
	calling sync.Mutex
	grace   time.Duration

	cmd     *exec.Cmd
	mark    string // in the environment of it and of what it starts
	in      io.WriteCloser
	served  chan struct{} // closed when the process has said that it serves
	replies chan reply    // closed when no more come
	stderr  *tail

	sending  sync.Mutex // of requests
	requests *gob.Encoder

	dead chan struct{} // closed when the process is gone
	exit error         // once dead: how it ended

	mu     sync.Mutex
	spoilt bool  // it is not to be used for another workload
	killed error // why we killed it
}

// childMark is the variable that marks a child and, since environments are inherited, every process below it.
const childMark = "IRENE_ORT_CHILD="

// lateGrace is the grace once nobody waits for what runs: the context it began with has ended.
const lateGrace = time.Second

// startChild starts the process of a command.
func startChild(command, env []string, stderr io.Writer, grace time.Duration) (*child, error) {
	c := &child{
		grace: grace, mark: childMark + rand.Text(), served: make(chan struct{}), replies: make(chan reply, 1), stderr: &tail{to: stderr}, dead: make(chan struct{}),
	}
	c.cmd = exec.Command(command[0], command[1:]...)
	c.cmd.Env = append(slices.Clip(env), c.mark)
	c.cmd.Stderr = c.stderr
	c.cmd.SysProcAttr = childAttributes()
	c.cmd.WaitDelay = time.Second // for what else holds its standard error
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.cmd.Stdout = theirs
	started := make(chan error)
	go c.live(started)
	err = <-started
	theirs.Close()
	if err != nil {
		out.Close()
		return nil, err
	}
	c.in, c.requests = in, gob.NewEncoder(in)
	go c.receive(out)
	return c, nil
}

// live starts the process and stays until it ends, and all that it left behind, on one system thread: the process is to die
// with this one, and the system takes the thread that started it for that.
func (c *child) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	c.exit = c.cmd.Wait()
	killStrays(c.mark, c.cmd.Process.Pid)
	close(c.dead)
}

// receive passes replies on.
func (c *child) receive(out *os.File) {
	defer out.Close()
	defer close(c.replies)
	in := bufio.NewReader(out)
	for i := range len(greeting) {
		if b, err := in.ReadByte(); err != nil || b != greeting[i] {
			return
		}
	}
	close(c.served)
	dec := gob.NewDecoder(in)
	for {
		var r reply
		if err := dec.Decode(&r); err != nil {
			return
		}
		c.replies <- r
	}
}

// greet waits until the process says that it serves.
func (c *child) greet(ctx context.Context) error {
	const limit = 10 * time.Second
	select {
	case <-c.served:
		return nil
	case <-c.replies:
		return c.death("open")
	case <-ctx.Done():
		c.kill(context.Cause(ctx))
		return fmt.Errorf("onnxruntime: open: %w", context.Cause(ctx))
	case <-time.After(limit):
		c.kill(errors.New("it is no program that serves"))
		return fmt.Errorf("onnxruntime: open: %s does not serve: it says nothing", c.cmd.Path)
	}
}

// send sends a request. An error is not told: the replies end too.
func (c *child) send(r request) {
	c.sending.Lock()
	defer c.sending.Unlock()
	_ = c.requests.Encode(r)
}

// call asks and waits for the answer. When the context ends first, the child is killed, unless it can end a burst.
func (c *child) call(ctx context.Context, r request, what string) (reply, error) {
	c.calling.Lock()
	defer c.calling.Unlock()
	if err := ctx.Err(); err != nil {
		return reply{}, fmt.Errorf("onnxruntime: %s: %w", what, context.Cause(ctx))
	}
	if !c.alive() {
		return reply{}, c.death(what)
	}
	go c.send(r)
	select {
	case answer, ok := <-c.replies:
		return c.answered(answer, ok, what)
	case <-ctx.Done():
	}
	if r.Verb != verbBurst || !c.interrupt() {
		c.kill(context.Cause(ctx))
	}
	return reply{}, fmt.Errorf("onnxruntime: %s: %w", what, context.Cause(ctx))
}

// interrupt ends a burst that is under way, and reports whether it did.
func (c *child) interrupt() bool {
	go c.send(request{Verb: verbInterrupt})
	select {
	case _, ok := <-c.replies:
		return ok
	case <-time.After(min(c.grace, lateGrace)):
		return false
	}
}

func (c *child) answered(r reply, ok bool, what string) (reply, error) {
	if !ok {
		return reply{}, c.death(what)
	}
	if r.Failure != nil {
		if r.Failure.Spoilt {
			c.spoil()
		}
		return reply{}, r.Failure.err(what)
	}
	return r, nil
}

// within is call for what takes no time, unless the child hangs.
func (c *child) within(limit time.Duration, r request, what string) (reply, error) {
	late := fmt.Errorf("no answer within %v; the process was killed", limit)
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, late)
	defer cancel()
	return c.call(ctx, r, what)
}

// death says how the child ended, which has stopped to answer.
func (c *child) death(what string) error {
	select {
	case <-c.dead:
	case <-time.After(c.grace):
		c.kill(errors.New("it stopped answering"))
	}
	c.mu.Lock()
	killed := c.killed
	c.mu.Unlock()
	if killed != nil {
		return fmt.Errorf("onnxruntime: %s: the process is gone: %w", what, killed)
	}
	how := "it ended"
	if c.exit != nil {
		how = c.exit.Error()
	}
	if exit, ok := errors.AsType[*exec.ExitError](c.exit); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			how += ", by the system if memory ran out"
		}
	}
	return fmt.Errorf("onnxruntime: %s: the process died: %s%s", what, how, c.stderr.last())
}

func (c *child) alive() bool {
	select {
	case <-c.dead:
		return false
	default:
		return true
	}
}

func (c *child) spoil() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spoilt = true
}

// usable reports whether the child can take another workload.
func (c *child) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.spoilt && c.killed == nil && c.alive()
}

// kill ends the process at once.
func (c *child) kill(why error) {
	c.mu.Lock()
	if c.killed == nil {
		c.killed = why
	}
	c.mu.Unlock()
	// It may be gone already.
	if c.alive() {
		killGroup(c.cmd.Process.Pid)
	}
	_ = c.cmd.Process.Kill()
	<-c.dead
}

// close lets the process end, and kills it where it does not.
func (c *child) close() {
	c.in.Close()
	select {
	case <-c.dead:
	case <-time.After(c.grace):
		c.kill(errors.New("it did not end by itself"))
	}
}

// tail passes on what is written and keeps the end of it.
type tail struct {
	to io.Writer

	mu  sync.Mutex
	end string
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 16 << 10
	t.mu.Lock()
	t.end += string(b)
	if n := len(t.end); n > most {
		t.end = t.end[n-most:]
	}
	t.mu.Unlock()
	return t.to.Write(b)
}

// last is the last lines that were written, on one line, for the end of a message.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(t.end), "\n")
	if lines[0] == "" {
		return ""
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return "; it said: " + oneLine(line) // what follows is a stack
		}
	}
	if n := len(lines); n > 3 {
		lines = lines[n-3:]
	}
	return "; it said: " + oneLine(strings.Join(lines, " | "))
}
