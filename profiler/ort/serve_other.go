//go:build !linux

package ort

import (
	"os"
	"syscall"
)

func takeOver(f *os.File) (*os.File, error) { return f, nil }

func childAttributes() *syscall.SysProcAttr { return nil }

func killStrays(string, int) {}

func killGroup(int) {}
