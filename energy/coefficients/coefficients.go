// Package coefficients holds the coefficient files that come with the program: one per measured device, named after
// the device's id, as irene train writes them. A file named DEVICE.RUNTIME.json holds under that runtime profile alone.
// h100-sxm.vllm.json comes from published measurements of served decoders: fixtures/gen/served.py says how.
package coefficients

import "embed"

// files are the coefficient files.
//
//go:embed *.json
var files embed.FS
