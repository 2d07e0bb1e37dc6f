package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// wordFlag is a flag whose words are known: its help lists them, and shells complete it.
type wordFlag struct {
	*cli.StringFlag
	words []string
}

// oneOfFlag takes one of a few words and nothing else, but for its default. In its usage, WORDS stands for them.
func oneOfFlag(f cli.StringFlag, words []string) cli.Flag {
	f.Action = func(_ *cli.Context, value string) error {
		if value == f.Value {
			return nil
		}
		return oneOf(f.Name, value, words)
	}
	return suggestFlag(f, words)
}

// spelled are words that have a type of their own.
func spelled[W ~string](words []W) []string {
	var out []string
	for _, w := range words {
		out = append(out, string(w))
	}
	return out
}

// suggestFlag takes other words, too, or a list of them.
func suggestFlag(f cli.StringFlag, words []string) cli.Flag {
	f.Usage = strings.ReplaceAll(f.Usage, "WORDS", strings.Join(words, ", "))
	return &wordFlag{&f, words}
}
