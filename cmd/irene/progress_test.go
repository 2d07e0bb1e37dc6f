package main

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeTerminal keeps what is written, and says when something was.
type fakeTerminal struct {
	mu      sync.Mutex
	text    strings.Builder
	written chan struct{}
}

func (f *fakeTerminal) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text.Write(p)
	select {
	case f.written <- struct{}{}:
	default:
	}
	return len(p), nil
}

func TestProgress(t *testing.T) {
	for _, tt := range []struct {
		name  string
		total int
		want  string
	}{
		{"counted", 8, "irene: work, 3 of 8, 0 s"},
		{"timed", 0, "irene: work, 0 s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeTerminal{written: make(chan struct{}, 1)}
			p := newProgress(f, "work", tt.total, 20*time.Millisecond, time.Hour)
			p.add(3)
			<-f.written
			p.stop()
			p.stop()
			if got, want := f.text.String(), clearLine+tt.want+clearLine; got != want {
				t.Errorf("the terminal got %q, want %q", got, want)
			}
		})
	}
}

func TestProgressOfShortWork(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, "work", 8, time.Hour, time.Hour)
	p.set(8, 8)
	p.stop()
	if b.Len() > 0 {
		t.Errorf("short work wrote %q", b.String())
	}
}

func TestProgressOffTerminal(t *testing.T) {
	var b bytes.Buffer
	p := startProgress(&environment{stderr: &b}, "work", 8)
	if p != nil {
		t.Error("progress is shown where standard error is no terminal")
	}
	p.add(1)
	p.set(1, 8)
	p.stop()
	if b.Len() > 0 {
		t.Errorf("off a terminal it wrote %q", b.String())
	}
}
