package main

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What the help says of the program.
const (
	programSummary = "what a Transformer in an ONNX file costs to run: energy, time, FLOPs, bytes, parameters"
	programUsage   = "irene COMMAND [flags] ARGUMENTS"
)

// The layout of the help, in columns.
const (
	helpWidth  = 80
	helpMargin = 3
	helpColumn = 27 // where the right side of a list begins
)

// programHelp lists the commands in their groups.
func programHelp(groups []commandGroup) string {
	h := &helpText{}
	h.title("name")
	h.paragraph("irene - " + programSummary)
	h.title("usage")
	h.paragraph(programUsage)
	for _, g := range groups {
		h.title(g.title)
		for _, c := range g.commands {
			h.entry(c.name, c.summary, helpMargin+12)
		}
	}
	h.title("help")
	h.paragraph("irene COMMAND --help says what a command does and lists its flags, which may stand before or after its arguments.")
	return h.String()
}

// commandHelp is what a command does, how it is called, and its flags in their groups.
func commandHelp(c *command) string {
	h := &helpText{}
	h.title("name")
	h.paragraph("irene " + c.name + " - " + c.summary)
	h.title("usage")
	h.paragraph(c.usage())
	if c.details != "" {
		h.title("description")
		h.details(c.details)
	}
	for _, g := range groupFlags(c.allFlags()) {
		h.title(g.title)
		for _, f := range g.flags {
			h.entry(flagHead(f), flagUsage(f), helpColumn)
		}
	}
	return h.String()
}

// helpText is text that is being laid out.
type helpText struct{ strings.Builder }

// title begins a part.
func (h *helpText) title(text string) {
	if h.Len() > 0 {
		h.WriteString("\n")
	}
	h.WriteString(strings.ToUpper(text) + ":\n")
}

// paragraph is text as wide as the page.
func (h *helpText) paragraph(text string) { h.fill(helpMargin, helpMargin, text) }

// entry is a row of a list: its left side, and the right side in a column of its own, below where the left side is long.
func (h *helpText) entry(left, right string, column int) {
	const gap = 2
	switch n := helpMargin + utf8.RuneCountInString(left); {
	case right == "":
		fmt.Fprintf(h, "%*s%s\n", helpMargin, "", left)
	case n+gap <= column:
		fmt.Fprintf(h, "%*s%s%*s", helpMargin, "", left, column-n, "")
		h.flow(column, column, right)
	default:
		fmt.Fprintf(h, "%*s%s\n", helpMargin, "", left)
		h.fill(column, column, right)
	}
}

// details are paragraphs, and lines that are set in, each of which stays a line of its own.
func (h *helpText) details(text string) {
	for i, p := range detailBlocks(text) {
		if i > 0 {
			h.WriteString("\n")
		}
		if !p.literal {
			h.paragraph(strings.Join(p.lines, " "))
			continue
		}
		for _, line := range p.lines {
			h.literal(line)
		}
	}
}

// literal is a line that is set in: a command line, which a backslash continues, or a row of a list, whose last column hangs.
func (h *helpText) literal(line string) {
	const in = helpMargin + 2
	if strings.HasPrefix(line, "irene ") {
		for _, part := range commandParts(line, helpWidth-in-2) {
			fmt.Fprintf(h, "%*s%s\n", in, "", part)
		}
		return
	}
	cut := strings.LastIndex(line, "  ") // before the last column
	switch {
	case in+utf8.RuneCountInString(line) <= helpWidth:
		fmt.Fprintf(h, "%*s%s\n", in, "", line)
	case cut < 0:
		h.fill(in, in+2, line)
	default:
		head := line[:cut+2]
		fmt.Fprintf(h, "%*s%s", in, "", head)
		column := in + utf8.RuneCountInString(head)
		h.flow(column, column, line[cut+2:])
	}
}

// commandParts breaks a command line before flags and arguments where it is wider than so many columns; all parts but the
// last end in a backslash.
func commandParts(line string, width int) []string {
	var parts []string
	part := ""
	for _, word := range unbroken(line) {
		switch {
		case part == "":
			part = word
		case utf8.RuneCountInString(part)+1+utf8.RuneCountInString(word) <= width:
			part += " " + word
		default:
			parts, part = append(parts, part+` \`), "    "+word
		}
	}
	return append(parts, part)
}

// unbroken are the words of a command line, flags with their values; what follows && is one.
func unbroken(line string) []string {
	line, more, chained := strings.Cut(line, " && ")
	if chained {
		return append(unbroken(line), "&& "+more)
	}
	var out []string
	for _, word := range strings.Fields(line) {
		last := len(out) - 1
		if last >= 0 && strings.HasPrefix(out[last], "-") && !strings.Contains(out[last], " ") && !strings.HasPrefix(word, "-") {
			out[last] += " " + word
		} else {
			out = append(out, word)
		}
	}
	return out
}

// fill writes text from one column on, and from another one where it goes on in the next line.
func (h *helpText) fill(first, rest int, text string) {
	fmt.Fprintf(h, "%*s", first, "")
	h.flow(first, rest, text)
}

// flow writes words from a column on, in lines of at most helpWidth that begin at another column.
func (h *helpText) flow(at, rest int, text string) {
	begun := false
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case !begun:
		case at+1+n > helpWidth:
			fmt.Fprintf(h, "\n%*s", rest, "")
			at = rest
		default:
			h.WriteString(" ")
			at++
		}
		h.WriteString(word)
		at, begun = at+n, true
	}
	h.WriteString("\n")
}

// detailBlock is a paragraph, or lines that are set in from the margin.
type detailBlock struct {
	lines   []string
	literal bool
}

// detailBlocks parts what a command's details say: a paragraph's lines but the first have a margin, those of lists and
// examples a wider one.
func detailBlocks(details string) []detailBlock {
	margin := strings.Repeat(" ", helpMargin)
	var out []detailBlock
	fresh := true
	for _, line := range strings.Split(details, "\n") {
		if strings.TrimSpace(line) == "" {
			fresh = true
			continue
		}
		text, literal := strings.CutPrefix(line, margin+"  ")
		if !literal {
			text = strings.TrimSpace(line)
		}
		if fresh || out[len(out)-1].literal != literal {
			out = append(out, detailBlock{literal: literal})
		}
		fresh = false
		last := &out[len(out)-1]
		last.lines = append(last.lines, text)
	}
	return out
}
