package render

import (
	"encoding/xml"
	"fmt"
	"io"
)

// JUnitSuite are the conditions that one model was held to, as JUnit counts tests.
type JUnitSuite struct {
	Name  string
	Cases []JUnitCase
}

// JUnitCase is one condition: it failed where it has failures, and could not be judged where it has an error.
type JUnitCase struct {
	Name     string
	Failures []string // a line each
	Error    string
}

// WriteJUnit writes suites in the XML that continuous integration reads of JUnit, as far as the schemas of Jenkins and of
// Ant agree (junit-10.xsd of github.com/jenkinsci/xunit-plugin, JUnit.xsd of github.com/windyroad/JUnit-Schema). Times are
// 0: readers expect one, and a condition takes none.
func WriteJUnit(w io.Writer, suites []JUnitSuite) error {
	all := junitSuites{Name: "irene", Time: "0"}
	for _, s := range suites {
		suite := junitSuite{Name: Clean(s.Name), Tests: len(s.Cases), Time: "0"}
		for _, c := range s.Cases {
			k := junitCase{Class: suite.Name, Name: Clean(c.Name), Time: "0", Failure: junitProblemOf("assertion", c.Failures)}
			if c.Error != "" {
				k.Error = junitProblemOf("error", []string{c.Error})
				suite.Errors++
			} else if k.Failure != nil {
				suite.Failures++
			}
			suite.Cases = append(suite.Cases, k)
		}
		all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Errors+suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("junit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Error   *junitProblem `xml:"error"`
	Failure *junitProblem `xml:"failure"`
}

// junitProblem has its first line as message, which lists show, and all of them as text.
type junitProblem struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func junitProblemOf(kind string, lines []string) *junitProblem {
	if len(lines) == 0 {
		return nil
	}
	p := &junitProblem{Type: kind, Message: Clean(lines[0])}
	if len(lines) > 1 {
		p.Message += fmt.Sprintf(" (and %d more)", len(lines)-1)
	}
	for i, line := range lines {
		if i > 0 {
			p.Text += "\n"
		}
		p.Text += Clean(line)
	}
	return p
}
