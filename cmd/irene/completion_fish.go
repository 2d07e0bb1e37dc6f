package main

import (
	"fmt"
	"strings"
)

// fishCompletion is a line for each command and each flag.
func fishCompletion(table []command) string {
	list := completed(table)
	var b strings.Builder
	b.WriteString("# Completion of irene for fish; \"irene completion fish\" writes it. To try it: irene completion fish | source\n\ncomplete -c irene -f\n")
	for _, c := range list {
		fmt.Fprintf(&b, "complete -c irene -n __fish_use_subcommand -a %s -d %s\n", c.name, fishQuote(c.summary))
	}
	for _, c := range list {
		start := fmt.Sprintf("complete -c irene -n '__fish_seen_subcommand_from %s'", c.name)
		switch {
		case c.words != nil:
			fmt.Fprintf(&b, "%s -a %s\n", start, fishQuote(strings.Join(c.words, " ")))
		case c.args:
			b.WriteString(start + " -F\n")
		}
		for _, f := range c.flags {
			line := start
			for _, n := range f.names {
				if len(n) == 1 {
					line += " -s " + n
				} else {
					line += " -l " + n
				}
			}
			switch {
			case len(f.words) > 0:
				line += " -x -a " + fishQuote(strings.Join(f.words, " "))
			case f.isFile():
				line += " -r -F"
			case f.value != "":
				line += " -x"
			}
			b.WriteString(line + " -d " + fishQuote(f.usage) + "\n")
		}
	}
	return b.String()
}

// fishQuote is a word for fish.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
