package main

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall/js"

	"github.com/irene-onnx/irene/cmd/irene/internal/page"
	"github.com/irene-onnx/irene/onnx"
)

// heapGrowth is what the heap may grow by between collections, in per cent of what is in use: a worker lives for one page.
const heapGrowth = 200

// main makes the page of the files that worker.js has, and hands it back.
func main() {
	debug.SetGCPercent(heapGrowth)
	job := js.Global().Get("job")
	text, err := pageOf(job.Get("files"))
	if err != nil {
		job.Call("fail", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	out := js.Global().Get("Uint8Array").New(len(text))
	js.CopyBytesToJS(out, text)
	job.Call("done", out)
}

// pageOf is the page of one model, or of several side by side. A panic is an error, as in the command.
func pageOf(files js.Value) (text []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("internal error: %v; please report this at https://github.com/irene-onnx/irene/issues with the model, or the names of its operators", v)
		}
	}()
	var pages []page.Page
	for i := range files.Length() {
		p, err := modelPage(file{files.Index(i)})
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	var b bytes.Buffer
	err = page.Write(&b, pages)
	return b.Bytes(), err
}

// mostDecompressed is how far a compressed file is read: whoever waits for it can end it.
const mostDecompressed = 1 << 40

func modelPage(f file) (page.Page, error) {
	g, err := onnx.DecodeReaderAt(f, f.size(), f.name(), onnx.Options{MaxDecompressed: mostDecompressed})
	if err != nil {
		return page.Page{}, err
	}
	p, err := page.Default(g)
	if err != nil {
		return page.Page{}, fmt.Errorf("%s: %w", f.name(), err)
	}
	return p, nil
}
