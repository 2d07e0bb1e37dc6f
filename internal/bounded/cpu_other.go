//go:build !unix

package bounded

import "time"

var start = time.Now()

// cpu is the time that has passed, where that of the process is not known.
func cpu() time.Duration { return time.Since(start) }
