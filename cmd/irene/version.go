package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func versionCommand() command {
	return command{
		name:    "version",
		summary: "which irene this is",
		flags:   func() []cli.Flag { return nil },
		run: func(env *environment, _ *cli.Context) error {
			_, err := fmt.Fprintf(env.stdout, "irene %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// version is the version of the module that the command was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
