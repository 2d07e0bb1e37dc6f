package main

import (
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

// shellQuote is a word for bash and zsh.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
