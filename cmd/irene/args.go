package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts the flags of a command line before its positional arguments, which the flag parser wants, and checks
// that the command has each of them. A flag's value may begin with "-" only as --flag=-x, or as a number; "-" alone is a value and an
// argument like any other. After "--" everything is an argument. Help is true where the command line asks for the command's
// help, whatever else there is.
func arrange(c *command, args []string) (arranged []string, help bool, err error) {
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
			return nil, false, usagef("%s has no flag %s%s (irene %s --help lists them)", c.name, flagText(arg), meantFlag(arg, args[i+1:], names), c.name)
		}
		if name == helpFlag {
			return nil, true, nil
		}
		flags = append(flags, arg)
		if !value || joined {
			continue
		}
		if i+1 == len(args) {
			return nil, false, usagef("flag %s needs a value", flagText(arg))
		}
		i++
		if strings.HasPrefix(args[i], "-") && args[i] != "-" && !negative.MatchString(args[i]) {
			return nil, false, usagef("flag %s needs a value, got %s; a value that begins with a dash is written %s=%s", flagText(arg), args[i], flagText(arg), args[i])
		}
		if err := parted(flagText(arg), valueName(c.allFlags(), name), args[i:]); err != nil {
			return nil, false, err
		}
		flags = append(flags, args[i])
	}
	if len(rest) == 0 {
		return flags, false, nil
	}
	return slices.Concat(flags, []string{"--"}, rest), false, nil
}

// negative is a number below zero, which is no flag.
var negative = regexp.MustCompile(`^-[0-9.]`)

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
