package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts the flags of a command line before its positional arguments, which the flag parser wants, and checks
// that the command has each of them. A flag's value may begin with "-" only as --flag=-1; "-" alone is a value and an
// argument like any other. After "--" everything is an argument.
func arrange(c *command, args []string) ([]string, error) {
	takes, names := flagNames(c.allFlags())
	var flags, rest []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if arg == "-h" {
			arg = "--" + helpFlag
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			rest = append(rest, arg)
			continue
		}
		name, _, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		value, known := takes[name]
		if !known {
			return nil, usagef("%s has no flag %s%s (irene %s --help lists them)", c.name, flagText(arg), meantFlag(arg, args[i+1:], names), c.name)
		}
		if name == helpFlag && !joined {
			return []string{arg}, nil // whatever else there is: an argument would be taken for a topic
		}
		flags = append(flags, arg)
		if !value || joined {
			continue
		}
		if i+1 == len(args) {
			return nil, usagef("flag %s needs a value", flagText(arg))
		}
		i++
		if strings.HasPrefix(args[i], "-") && args[i] != "-" {
			return nil, usagef("flag %s needs a value, got %s; a value that begins with a dash is written %s=%s", flagText(arg), args[i], flagText(arg), args[i])
		}
		if err := parted(flagText(arg), valueName(c.allFlags(), name), args[i:]); err != nil {
			return nil, err
		}
		flags = append(flags, args[i])
	}
	if len(rest) == 0 {
		return flags, nil
	}
	return slices.Concat(flags, []string{"--"}, rest), nil
}

// flagText is a flag without its value, as messages call it.
func flagText(arg string) string {
	name, _, _ := strings.Cut(arg, "=")
	return name
}

// flagNames tells which flags take a value, and lists their names with dashes.
func flagNames(flags []cli.Flag) (takesValue map[string]bool, dashed []string) {
	takesValue = map[string]bool{}
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, n := range f.Names() {
			takesValue[n] = !isBool
			if len(n) > 1 {
				dashed = append(dashed, "--"+n)
			}
		}
	}
	return takesValue, dashed
}
