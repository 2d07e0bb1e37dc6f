package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

// environment is what a command sees of the world.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	outputs        []outputFile // that the command writes
	screen         render.Screen
}

// command is a row of the table of subcommands.
type command struct {
	name    string
	summary string
	args    string // names of the positional arguments, as the help shows them
	min     int    // positional arguments
	max     int
	details string            // examples and what a flag's line cannot say
	flags   func() []cli.Flag // its own; allFlags are what it takes
	run     func(*environment, *cli.Context) error
}

// commandGroup is a part of the table of subcommands.
type commandGroup struct {
	title    string
	commands []command
}

// commandGroups is the table of subcommands, in the order of the help.
func commandGroups() []commandGroup {
	return []commandGroup{
		{"what a model costs", []command{
			analyzeCommand(), compareCommand(), explainCommand(), viewCommand(), exportCommand(), formulaCommand(), sweepCommand(), generateCommand(),
		}},
		{"operators by themselves", []command{predictCommand(), planCommand()}},
		{"measuring and fitting", []command{
			profileCommand(), recordsCommand(), trainCommand(), validateCommand(), baselineCommand(),
		}},
		{"what irene knows", []command{devicesCommand(), operatorsCommand()}},
		{"irene itself", []command{completionCommand(), manCommand(), versionCommand()}},
	}
}

// commands are those of all groups.
func commands() (all []command) {
	for _, g := range commandGroups() {
		all = append(all, g.commands...)
	}
	return all
}

// usage is how the command is called.
func (c *command) usage() string { return strings.TrimRight("irene "+c.name+" [flags] "+c.args, " ") }

// run executes a command line and returns the exit status. It never panics.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	defer func() {
		if v := recover(); v != nil {
			status = fail(stderr, internalError(v, debug.Stack()))
		}
	}()
	if err := dispatch(&environment{stdin: stdin, stdout: stdout, stderr: render.Cleaner{W: stderr}}, args); err != nil {
		return fail(stderr, err)
	}
	return exitDone
}

// internalError is what a panic is told as.
func internalError(v any, stack []byte) error {
	return fmt.Errorf("internal error: %v%s; please report this at https://github.com/irene-onnx/irene/issues with the command and the model, or its first lines of irene analyze", v, place(stack))
}

// dispatch finds the command, puts its flags before its arguments and hands both to the flag parser.
func dispatch(env *environment, args []string) error {
	if len(args) == 0 {
		_, err := io.WriteString(env.stderr, programHelp(commandGroups()))
		return cmp.Or(err, usagef("which command?"))
	}
	name, rest := args[0], args[1:]
	switch name {
	case helpCommand:
		if len(rest) == 0 || rest[0] == helpCommand {
			return writeOutput(env, "", []byte(programHelp(commandGroups())))
		}
		name, rest = rest[0], []string{"--" + helpFlag}
	case "--help", "-help", "-h":
		return writeOutput(env, "", []byte(programHelp(commandGroups())))
	case "--version", "-version", "-v":
		name, rest = "version", nil
	}
	table := commands()
	c, err := lookup(table, name)
	if err != nil {
		return err
	}
	arranged, help, err := arrange(c, rest)
	switch {
	case err != nil:
		return err
	case help:
		return writeOutput(env, "", []byte(commandHelp(c)))
	}
	app := newApp(env, table)
	return app.Run(append([]string{app.Name, c.name}, arranged...))
}

// lookup finds a command by its name.
func lookup(table []command, name string) (*command, error) {
	var names []string
	for i := range table {
		if table[i].name == name {
			return &table[i], nil
		}
		names = append(names, table[i].name)
	}
	if strings.HasPrefix(name, "-") {
		return nil, usagef("flag %s before the command; write irene COMMAND [flags] (irene --help lists commands)", name)
	}
	if other := otherCommands[strings.ToLower(name)]; other != "" {
		return nil, usagef("unknown command %q; did you mean %s? (irene --help lists commands)", name, other)
	}
	if isInput(name) {
		return nil, usagef("%s is no command; did you mean irene analyze %s?", name, name)
	}
	return nil, usagef("unknown command %q%s (irene --help lists commands)", name, meant(name, append(names, helpCommand)))
}

// newApp describes the table to the flag parser. Errors come back to run, which alone prints them.
func newApp(env *environment, table []command) *cli.App {
	app := &cli.App{
		Name:                      "irene",
		HideHelp:                  true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Reader:                    env.stdin,
		Writer:                    env.stdout,
		ErrWriter:                 env.stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              wrongUsage,
	}
	for _, c := range table {
		app.Commands = append(app.Commands, &cli.Command{
			Name:         c.name,
			Flags:        c.allFlags(),
			HideHelp:     true,
			OnUsageError: wrongUsage,
			Action: func(ctx *cli.Context) error {
				if err := stray(&c, ctx.Args().Slice()); err != nil {
					return err
				}
				if n := ctx.NArg(); n < c.min || n > c.max {
					return countError(c, ctx.Args().Slice())
				}
				mine := *env
				if mine.outputs = namedOutputs(ctx); ctx.Bool(quietFlag) {
					mine.stderr = io.Discard
				}
				mine.screen = screenOf(&mine, ctx)
				if err := keepInputs(&mine, ctx); err != nil {
					return err
				}
				return c.run(&mine, ctx)
			},
		})
	}
	return app
}

// The flags of every command.
const (
	helpFlag  = "help"  // shows its help
	quietFlag = "quiet" // keeps what is not data or an error to itself
)

// allFlags are the command's own flags and those of every command.
func (c *command) allFlags() []cli.Flag {
	return append(
		c.flags(),
		&cli.BoolFlag{Name: quietFlag, Aliases: []string{"q"}, Usage: "no notes and no progress on standard error, errors only", DisableDefaultText: true},
		showHelp(),
	)
}

// showHelp is --help without -h, which predict has for a size; arrange turns -h into --help.
func showHelp() cli.Flag {
	return &cli.BoolFlag{Name: helpFlag, Usage: "show help", DisableDefaultText: true}
}

func countError(c command, got []string) error {
	switch {
	case c.max == 0 && valueName(c.flags(), "data") != "":
		return usagef("%s takes no arguments, got %q; measurements are given by --data FILE", c.name, got[0])
	case c.max == 0:
		return usagef("%s takes no arguments, got %q", c.name, got[0])
	case len(got) < c.min:
		return usagef("%s needs %s (irene %s --help)", c.name, c.args, c.name)
	}
	return usagef("%s takes %s only, got %q too%s", c.name, c.args, got[c.max], meantOutput(got[c.max:]))
}

// place is where in this module a panic began, for bug reports: " in graph/ops.foo".
func place(stack []byte) string {
	const module = "github.com/irene-onnx/irene/"
	_, after, _ := strings.Cut(string(stack), "panic(")
	for line := range strings.Lines(after) {
		if fn, ok := strings.CutPrefix(line, module); ok {
			fn, _, _ = strings.Cut(strings.TrimSpace(fn), "({")
			if i := strings.LastIndexByte(fn, '('); i > 0 && strings.HasSuffix(fn, ")") && !strings.HasSuffix(fn[:i], ".") {
				fn = fn[:i]
			}
			return " in " + fn
		}
	}
	return ""
}
