package main

import (
	"os"
	"strconv"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/irene-onnx/irene/cmd/irene/internal/render"
)

const (
	pipeWidth   = 100 // columns of lines that no terminal shows
	leastScreen = 40  // columns that lines may always take
)

// screenOf is what the command's output is laid out for: as wide as COLUMNS says, else as the terminal is.
func screenOf(env *environment, ctx *cli.Context) render.Screen {
	shown := isStdout(ctx.String("output"))
	onTerminal := shown && isTerminal(env.stdout)
	s := render.Screen{Width: pipeWidth, Color: shown && !ctx.Bool("no-color") && wantColor(onTerminal)}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		s.Width = n
	} else if onTerminal {
		if n, _, err := term.GetSize(terminalFd(env.stdout)); err == nil && n > 0 {
			s.Width = n
		}
	}
	s.Width = max(s.Width, leastScreen)
	return s
}

// wantColor reports whether output has colours: on terminals that show them, elsewhere where the environment asks for it, and
// nowhere where it asks for none (https://no-color.org, https://bixense.com/clicolors).
func wantColor(onTerminal bool) bool {
	asked := func(name string) bool { v := os.Getenv(name); return v != "" && v != "0" && v != "false" }
	switch {
	case os.Getenv("NO_COLOR") != "":
		return false
	case asked("FORCE_COLOR") || asked("CLICOLOR_FORCE"):
		return true
	}
	return onTerminal && os.Getenv("TERM") != "dumb" && os.Getenv("CLICOLOR") != "0"
}

func colorFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-color", Usage: "no colours, as with NO_COLOR in the environment"}
}
