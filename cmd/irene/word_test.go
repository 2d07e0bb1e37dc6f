package main

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestWordFlags gives every flag that takes one of a few words each of them, its default, and another one. Commands fail
// for want of arguments, or get far enough to miss the file.
func TestWordFlags(t *testing.T) {
	var refused, taken int
	for _, c := range commands() {
		for _, f := range c.allFlags() {
			w, ok := f.(*wordFlag)
			if !ok || w.Action == nil {
				continue
			}
			for _, word := range append([]string{"", "no such word"}, w.words...) {
				var errs strings.Builder
				run([]string{c.name, "--" + w.Name + "=" + word, "absent.onnx"}, nil, &strings.Builder{}, &errs)
				want := word == "no such word" || word == "" && w.Value != ""
				if got := strings.Contains(errs.String(), "not one of"); got != want {
					t.Errorf("irene %s --%s=%s: %s", c.name, w.Name, word, errs.String())
				} else if want {
					refused++
				} else {
					taken++
				}
			}
		}
	}
	if refused < 20 || taken < 60 {
		t.Errorf("%d refused, %d taken", refused, taken)
	}
}

// TestFlagsAgree: a flag of one name takes a value everywhere or nowhere, and has the same short name.
func TestFlagsAgree(t *testing.T) {
	type shape struct {
		value bool
		short string
	}
	seen, first := map[string]shape{}, map[string]string{}
	for _, c := range commands() {
		for _, f := range c.allFlags() {
			name := f.Names()[0]
			s := shape{value: f.(cli.DocGenerationFlag).TakesValue()}
			for _, n := range f.Names() {
				if len(n) == 1 {
					s.short = n
				}
			}
			if old, ok := seen[name]; ok && old != s {
				t.Errorf("--%s of irene %s and of irene %s differ: %v, %v", name, first[name], c.name, old, s)
			}
			seen[name], first[name] = s, c.name
		}
	}
}
