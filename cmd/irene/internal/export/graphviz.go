package export

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

// layoutTime is how long Graphviz may take.
const layoutTime = 2 * time.Minute

// drawn is a Write that has Graphviz draw the graph in one of its own formats (https://graphviz.org/docs/outputs).
func drawn(format string) func(io.Writer, *report.Report) error {
	return func(w io.Writer, r *report.Report) error { return draw(w, r, format) }
}

// undated is the day that a pdf says it was made on; the same graph is to be the same file. Graphviz before 5 does not read
// SOURCE_DATE_EPOCH.
var undated = regexp.MustCompile(`(/CreationDate \(D:)[0-9]{14}`)

func draw(w io.Writer, r *report.Report, format string) error {
	program, err := exec.LookPath("dot")
	if err != nil {
		return fmt.Errorf("%s is drawn by Graphviz, but its program dot is not on the PATH: install Graphviz, or write a .dot file and draw it elsewhere", format)
	}
	var source, out, complaints bytes.Buffer
	if err := writeDOT(&source, r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), layoutTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-T"+format)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &source, &out, &complaints
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=0")
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("dot has not drawn the graph in %v; --depth or --focus draw less of it", layoutTime)
	case err != nil:
		first, _, _ := strings.Cut(strings.TrimSpace(complaints.String()), "\n")
		return fmt.Errorf("dot: %w: %s", err, first)
	}
	_, err = w.Write(undated.ReplaceAll(out.Bytes(), []byte("${1}19700101000000")))
	return err
}
