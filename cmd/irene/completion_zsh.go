package main

import (
	"fmt"
	"strings"
)

// zshCompletion hands everything to _arguments.
func zshCompletion(table []command) string {
	list := completed(table)
	var b strings.Builder
	b.WriteString("#compdef irene\n# Completion of irene for zsh; \"irene completion zsh\" writes it. To try it: source <(irene completion zsh)\n\n_irene() {\n\tlocal -a commands\n\tcommands=(\n")
	for _, c := range list {
		fmt.Fprintf(&b, "\t\t%s\n", shellQuote(c.name+":"+c.summary))
	}
	b.WriteString("\t)\n\tif ((CURRENT == 2)); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tshift words\n\t((CURRENT--))\n\tcase $words[1] in\n")
	for _, c := range list {
		fmt.Fprintf(&b, "\t%s)\n\t\t_arguments", c.name)
		for _, f := range c.flags {
			for _, d := range f.dashed() {
				b.WriteString(" \\\n\t\t\t" + shellQuote(zshFlag(&f, d)))
			}
		}
		switch {
		case c.words != nil:
			b.WriteString(" \\\n\t\t\t" + shellQuote("*:word:("+strings.Join(c.words, " ")+")"))
		case c.args:
			b.WriteString(" \\\n\t\t\t'*:file:_files'")
		}
		b.WriteString("\n\t\t;;\n")
	}
	b.WriteString("\tesac\n}\n\nif [[ $funcstack[1] == _irene ]]; then\n\t_irene \"$@\"\nelse\n\tcompdef _irene irene\nfi\n")
	return b.String()
}

// zshFlag is a flag in the language of _arguments.
func zshFlag(f *completedFlag, dashed string) string {
	escape := strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`)
	s := dashed
	if f.repeat {
		s = "*" + s
	}
	if f.value != "" && strings.HasPrefix(dashed, "--") {
		s += "="
	}
	s += "[" + escape.Replace(f.usage) + "]"
	switch {
	case len(f.words) > 0:
		s += ":" + escape.Replace(f.value) + ":(" + strings.Join(f.words, " ") + ")"
	case f.isFile():
		s += ":" + escape.Replace(f.value) + ":_files"
	case f.value != "":
		s += ":" + escape.Replace(f.value) + ": "
	}
	return s
}
