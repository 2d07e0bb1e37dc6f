package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

func manCommand() command {
	return command{
		name:    "man",
		summary: "the manual page, for man",
		details: `The page says what the help of every command says:

     irene man > ~/.local/share/man/man1/irene.1`,
		flags: func() []cli.Flag { return nil },
		run: func(env *environment, _ *cli.Context) error {
			return writeOutput(env, "", []byte(manPage(commands())))
		},
	}
}

// manPage is the page in roff. It depends on the tables alone: the same program writes the same page.
func manPage(table []command) string {
	var b strings.Builder
	b.WriteString(".TH IRENE 1 \"\" irene \"User Commands\"\n.SH NAME\nirene \\- " + roff(programSummary) + "\n")
	b.WriteString(".SH SYNOPSIS\n.B irene\n" + roff(strings.TrimPrefix(programUsage, "irene ")) + "\n")
	b.WriteString(".SH DESCRIPTION\n" + roff("Flags may stand before or after the arguments. Data goes to standard output, everything else to standard error; the file - is standard input.") + "\n")
	b.WriteString(".SH COMMANDS\n")
	for i := range table {
		manCommandText(&b, &table[i])
	}
	b.WriteString(".SH EXIT STATUS\n")
	for _, s := range []struct {
		status int
		what   string
	}{
		{exitDone, "done"},
		{exitFailed, "the input or the work failed"},
		{exitUsage, "wrong usage"},
		{exitAssertion, "an assertion did not hold"},
		{exitNever, "the work cannot be done on this machine: trying again is of no use"},
	} {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", s.status, s.what)
	}
	b.WriteString(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colours, whatever its value\n")
	return b.String()
}

// manCommandText is the part of the page on one command.
func manCommandText(b *strings.Builder, c *command) {
	fmt.Fprintf(b, ".SS %s\n%s\n.PP\n.B %s\n.PP\n", roff("irene "+c.name), roff(c.summary), roff(c.usage()))
	manDetails(b, c.details)
	for _, g := range groupFlags(c.allFlags()) {
		fmt.Fprintf(b, ".PP\n.I %s\n", roff(strings.ToUpper(g.title[:1])+g.title[1:]))
		for _, f := range g.flags {
			fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(flagHead(f)), roff(flagUsage(f)))
		}
	}
}

// manDetails writes paragraphs, and what is set in from them line by line as it is.
func manDetails(b *strings.Builder, details string) {
	for _, block := range detailBlocks(details) {
		if block.literal {
			b.WriteString(".RS 4\n.nf\n")
		}
		for _, line := range block.lines {
			b.WriteString(roff(line) + "\n")
		}
		if block.literal {
			b.WriteString(".fi\n.RE\n")
		}
		b.WriteString(".PP\n")
	}
}

// roff is text that roff takes as it stands: no line of it is a request, dashes stay dashes. Terminals without Unicode
// have neither a dagger nor a middle dot.
func roff(s string) string {
	var b strings.Builder
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		b.WriteString(`\&` + s[:1])
		s = s[1:]
	}
	for _, r := range strings.NewReplacer(
		`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`, "…", "...", "†", "(+)", "·", "*",
	).Replace(s) {
		if r > 0x7e {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
