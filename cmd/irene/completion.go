package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/energy"
)

func completionCommand() command {
	return command{
		name:    "completion",
		summary: "a script that completes irene's commands, flags and values in a shell",
		args:    strings.Join(shells(), "|"),
		min:     1,
		max:     1,
		details: `Where a shell finds the script by itself:

     irene completion bash > ~/.local/share/bash-completion/completions/irene
     irene completion zsh > ~/.zfunc/_irene
     irene completion fish > ~/.config/fish/completions/irene.fish

   zsh looks into the folders of fpath, which ~/.zshrc sets before compinit: fpath+=(~/.zfunc).`,
		flags: func() []cli.Flag { return nil },
		run: func(env *environment, ctx *cli.Context) error {
			shell := ctx.Args().First()
			i := slices.Index(shells(), shell)
			if i < 0 {
				return usagef("completion %s: not one of %s%s", shell, strings.Join(shells(), ", "), meant(shell, shells()))
			}
			scripts := []func([]command) string{bashCompletion, zshCompletion, fishCompletion}
			return writeOutput(env, "", []byte(scripts[i](commands())))
		},
	}
}

// shells are those that have a completion script, in the order of their functions.
func shells() []string { return []string{"bash", "zsh", "fish"} }

// choices are the words that a flag takes; nil where it takes others.
func choices(f cli.Flag) []string {
	if w, ok := f.(*wordFlag); ok {
		return w.words
	}
	if f.Names()[0] == "device" {
		return deviceIDs()
	}
	return nil
}

// argumentWords are the words that a command's argument is one of; nil where it is a file.
func argumentWords(name string) []string {
	switch name {
	case "completion":
		return shells()
	case "devices":
		return deviceIDs()
	case helpCommand:
		return commandNames()
	}
	return nil
}

// helpCommand is what dispatch takes for --help; it has no row of its own.
const helpCommand = "help"

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

func deviceIDs() []string {
	var ids []string
	for _, d := range energy.Devices() {
		ids = append(ids, d.ID)
	}
	return ids
}

// completedCommand is a command as shells complete it.
type completedCommand struct {
	name, summary string
	flags         []completedFlag
	words         []string // the argument; nil for files, where there are arguments
	args          bool
}

// completedFlag is a flag as shells complete it.
type completedFlag struct {
	names  []string // without dashes, the long one first
	usage  string
	value  string   // what the help calls the value; "" for a flag without one
	words  []string // the values, where these are all
	repeat bool
}

// completed are the commands and flags that the help shows, and help itself.
func completed(table []command) []completedCommand {
	var out []completedCommand
	for i := range table {
		c := &table[i]
		cc := completedCommand{name: c.name, summary: c.summary, words: argumentWords(c.name), args: c.max > 0 && c.name != "operators"}
		for _, f := range c.allFlags() {
			if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() {
				continue
			}
			cc.flags = append(cc.flags, completeFlag(f, choices(f)))
		}
		out = append(out, cc)
	}
	return append(out, completedCommand{name: helpCommand, summary: "the help of a command", words: argumentWords(helpCommand), args: true})
}

func completeFlag(f cli.Flag, words []string) completedFlag {
	cf := completedFlag{names: f.Names(), words: words}
	_, cf.repeat = f.(*cli.StringSliceFlag)
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return cf
	}
	cf.usage = strings.ReplaceAll(d.GetUsage(), "`", "")
	if d.TakesValue() {
		cf.value = "value"
		if parts := strings.Split(d.GetUsage(), "`"); len(parts) == 3 {
			cf.value = parts[1]
		}
	}
	return cf
}

// dashed are a flag's names as they are typed.
func (f *completedFlag) dashed() []string {
	var out []string
	for _, n := range f.names {
		if len(n) == 1 {
			out = append(out, "-"+n)
		} else {
			out = append(out, "--"+n)
		}
	}
	return out
}

// isFile reports whether a flag's value names a file, or ends in one.
func (f *completedFlag) isFile() bool { return strings.Contains(f.value, "FILE") }

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

// shellQuote is a word for bash and zsh.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fishQuote is a word for fish.
func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
