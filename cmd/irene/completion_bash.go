package main

import (
	"fmt"
	"strings"
)

// bashCompletion completes words itself and leaves files to bash, which offers them where the function says nothing.
func bashCompletion(table []command) string {
	list := completed(table)
	var b strings.Builder
	b.WriteString(`# Completion of irene for bash; "irene completion bash" writes it. To try it: source <(irene completion bash)
_irene() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		prev= words='`)
	for _, c := range list {
		b.WriteString(c.name + " ")
	}
	b.WriteString("--help --version'\n\telse\n\t\tcase ${COMP_WORDS[1]}:$prev in\n")
	var flags, arguments strings.Builder
	for _, c := range list {
		var all, free []string
		for _, f := range c.flags {
			all = append(all, f.dashed()...)
			var patterns []string
			for _, d := range f.dashed() {
				patterns = append(patterns, c.name+":"+d)
			}
			switch {
			case len(f.words) > 0:
				fmt.Fprintf(&b, "\t\t%s) words=%s ;;\n", strings.Join(patterns, "|"), shellQuote(strings.Join(f.words, " ")))
			case f.value != "":
				free = append(free, patterns...)
			}
		}
		if len(free) > 0 {
			fmt.Fprintf(&b, "\t\t%s) return ;;\n", strings.Join(free, "|"))
		}
		fmt.Fprintf(&flags, "\t\t\t\t%s) words=%s ;;\n", c.name, shellQuote(strings.Join(all, " ")))
		if c.words != nil {
			fmt.Fprintf(&arguments, "\t\t\t\t%s) words=%s ;;\n", c.name, shellQuote(strings.Join(c.words, " ")))
		}
	}
	b.WriteString("\t\t*)\n\t\t\tif [[ $cur == -* ]]; then\n\t\t\t\tcase ${COMP_WORDS[1]} in\n" + flags.String() +
		"\t\t\t\tesac\n\t\t\telse\n\t\t\t\tcase ${COMP_WORDS[1]} in\n" + arguments.String() + `				*) return ;;
				esac
			fi
			;;
		esac
	fi
	compopt +o default 2>/dev/null
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _irene irene
`)
	return b.String()
}
