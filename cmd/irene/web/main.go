//go:build !js

package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
)

//go:embed html
var files embed.FS

// mostBytes is what the page may take on its way to a browser, compressed.
const mostBytes = 8_000_000

func main() {
	program := flag.String("program", "", "this command compiled for js and wasm, `FILE`")
	runtime := flag.String("runtime", "", "wasm_exec.js of the Go that compiled it, `FILE`")
	output := flag.String("o", "index.html", "write the page to `FILE`")
	flag.Parse()
	if err := write(*program, *runtime, *output); err != nil {
		fmt.Fprintf(os.Stderr, "web: %v\n", err)
		os.Exit(1)
	}
}

// write writes the page and says how large it is.
func write(program, runtime, output string) error {
	binary, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	glue, err := os.ReadFile(runtime)
	if err != nil {
		return err
	}
	text, err := assemble(binary, glue)
	if err != nil {
		return err
	}
	packed, err := zip(text)
	if err != nil {
		return err
	}
	if len(packed) > mostBytes {
		return fmt.Errorf("%s: %d bytes compressed, more than %d", output, len(packed), mostBytes)
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o777); err != nil {
		return err
	}
	fmt.Printf("%s: %.1f MB, %.1f MB compressed with gzip\n", output, float64(len(text))/1e6, float64(len(packed))/1e6)
	return os.WriteFile(output, text, 0o666)
}

// parts are what drop.js takes apart.
type parts struct {
	Worker  string `json:"worker"`
	Program []byte `json:"program"` // gzip
	Most    int    `json:"most"`    // models of a page
}

// dropText is what the template reads.
type dropText struct {
	Version, Policy  string
	Style, DropStyle template.CSS
	Parts, Script    template.JS
}

// assemble is the page around a program and the script that Go's programs for js need.
func assemble(program, runtime []byte) ([]byte, error) {
	var err error
	read := func(name string) []byte {
		text, failed := files.ReadFile("html/" + name)
		err = errors.Join(err, failed)
		return text
	}
	packed, failed := zip(program)
	style, missing := page.Style()
	script, dropStyle, worker := read("drop.js"), read("drop.css"), read("worker.js")
	if err = errors.Join(err, failed, missing); err != nil {
		return nil, err
	}
	data, err := json.Marshal(parts{Worker: string(runtime) + "\n" + string(worker), Program: packed, Most: page.Most})
	if err != nil {
		return nil, err
	}
	out := dropText{Version: report.Version(), Style: template.CSS(style), DropStyle: template.CSS(dropStyle), Parts: template.JS(data), Script: template.JS(script)}
	if out.Policy, err = policy(script, style, dropStyle); err != nil {
		return nil, err
	}
	t, err := template.ParseFS(files, "html/drop.html.tmpl")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, out)
	return b.Bytes(), err
}

// policy lets the page run its own script, the program in a worker, and the scripts of pages in its frame; it loads nothing
// and connects to nothing.
func policy(script []byte, styles ...[]byte) (string, error) {
	scripts, err := page.ScriptHashes()
	if err != nil {
		return "", err
	}
	hashes := make([]string, len(styles))
	for i, s := range styles {
		hashes[i] = page.Hash(s)
	}
	return fmt.Sprintf("default-src 'none'; script-src %s %s 'wasm-unsafe-eval'; worker-src blob:; frame-src blob:; style-src %s; base-uri 'none'; form-action 'none'",
		page.Hash(script), strings.Join(scripts, " "), strings.Join(hashes, " ")), nil
}

func zip(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(b)
	return out.Bytes(), errors.Join(err, z.Close())
}
