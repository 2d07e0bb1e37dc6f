// Package coefficients holds the coefficient files that come with the program: one per measured device, named after
// the device's id, as irene train writes them.
package coefficients

import "embed"

// files are the coefficient files.
//
//go:embed *.json
var files embed.FS
