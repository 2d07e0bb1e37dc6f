//go:build !cgo || !linux

package ort

import "errors"

func newEngine() (engine, error) {
	return nil, errors.New("this program was built without C: build it with CGO_ENABLED=1 on Linux")
}
