// Command web is the page that shows what a model costs in the browser alone, without a server and without a network: one
// file, on which a model is dropped. Compiled for js and wasm, it is the program in that page, which reads the model from
// the browser's file in ranges, so that weights are never read; compiled for anything else, it writes the page around
// that program:
//
//	GOOS=js GOARCH=wasm go build -o irene.wasm ./cmd/irene/web
//	go run ./cmd/irene/web -program irene.wasm -runtime "$(go env GOROOT)/lib/wasm/wasm_exec.js" -o index.html
//
// The program goes the way of the command: onnx decodes, and internal/page makes the page that irene export writes. The
// page shows it in a frame. html/drop.js is what people see before, html/worker.js runs the program.
package main
