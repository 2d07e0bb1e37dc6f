package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "which irene this is",
		flags:   func() []cli.Flag { return nil },
		run: func(env *environment, _ *cli.Context) error {
			_, err := fmt.Fprintf(env.stdout, "irene %s %s %s/%s\n", report.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
