package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// Work that takes longer than progressAfter says on a terminal how far it is, every progressEvery.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// clearLine returns to the beginning of a terminal's line and empties it.
const clearLine = "\r\x1b[K"

// progress is a line on a terminal that long work keeps up to date and wipes in the end. A nil progress shows nothing.
type progress struct {
	w     io.Writer
	what  string
	begun time.Time
	done  atomic.Int64
	total atomic.Int64 // 0: not known, only time is shown
	quit  chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

// startProgress begins to watch work, where standard error is a terminal. Nothing else may be written to the terminal
// before stop.
func startProgress(env *environment, what string, total int) *progress {
	if !isTerminal(env.stderr) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return newProgress(uncleaned(env.stderr), what, total, progressAfter, progressEvery)
}

func newProgress(w io.Writer, what string, total int, after, every time.Duration) *progress {
	p := &progress{w: w, what: what, begun: time.Now(), quit: make(chan struct{})}
	p.total.Store(int64(total))
	p.ended.Go(func() { p.show(after, every) })
	return p
}

// show draws the line until the work ends.
func (p *progress) show(after, every time.Duration) {
	next := time.NewTimer(after)
	defer next.Stop()
	for shown := false; ; shown = true {
		select {
		case <-p.quit:
			if shown {
				fmt.Fprint(p.w, clearLine)
			}
			return
		case <-next.C:
			fmt.Fprint(p.w, clearLine+p.line())
			next.Reset(every)
		}
	}
}

func (p *progress) line() string {
	text := "irene: " + p.what
	if total := p.total.Load(); total > 0 {
		text += fmt.Sprintf(", %d of %d", p.done.Load(), total)
	}
	return text + fmt.Sprintf(", %d s", int(time.Since(p.begun).Seconds()))
}

// add says that n more parts of the work are done. It may be called by several goroutines.
func (p *progress) add(n int) {
	if p != nil {
		p.done.Add(int64(n))
	}
}

// set says how many of how many parts are done.
func (p *progress) set(done, total int) {
	if p != nil {
		p.done.Store(int64(done))
		p.total.Store(int64(total))
	}
}

// stop wipes the line. It may be called again.
func (p *progress) stop() {
	if p == nil {
		return
	}
	p.once.Do(func() { close(p.quit) })
	p.ended.Wait()
}

// longestLine is what of a message is shown, in characters.
const longestLine = 500

// newTeller returns a function that writes messages, a line each and each line once, also while progress is shown. It
// may be called by several goroutines.
func newTeller(w io.Writer) func(format string, args ...any) {
	var mu sync.Mutex
	told := map[string]bool{}
	begin := "irene: "
	if isTerminal(w) {
		w, begin = uncleaned(w), clearLine+begin
	}
	return func(format string, args ...any) {
		line := oneLine(fmt.Sprintf(format, args...))
		if r := []rune(line); len(r) > longestLine {
			line = string(r[:longestLine]) + "…"
		}
		mu.Lock()
		defer mu.Unlock()
		if !told[line] {
			told[line] = true
			fmt.Fprintf(w, "%s%s\n", begin, line)
		}
	}
}

// uncleaned takes control characters, too.
func uncleaned(w io.Writer) io.Writer {
	if c, ok := w.(render.Cleaner); ok {
		return c.W
	}
	return w
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	return term.IsTerminal(terminalFd(w))
}

// terminalFd is the descriptor of the file behind w; -1 where there is none.
func terminalFd(w io.Writer) int {
	if f, ok := uncleaned(w).(*os.File); ok {
		return int(f.Fd())
	}
	return -1
}
