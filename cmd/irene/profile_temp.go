package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// tempPrefix begins the names of the folders that hold models on their way to the executor. Host and process follow.
const tempPrefix = "irene-profile-"

// tempFolder makes a folder for models on their way to the executor, and removes those of runs on this machine that were
// killed before they could do so themselves.
func tempFolder() (dir string, err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	mine := tempPrefix + strings.ReplaceAll(host, "-", "_") + "-"
	left, err := filepath.Glob(filepath.Join(os.TempDir(), mine+"*"))
	if err != nil {
		return "", err
	}
	for _, old := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(old), mine), "-")
		if n, err := strconv.Atoi(pid); err == nil && gone(n) {
			os.RemoveAll(old) // what cannot be removed belongs to somebody else
		}
	}
	return os.MkdirTemp("", fmt.Sprintf("%s%d-", mine, os.Getpid()))
}

// gone reports whether no process has that number.
func gone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}
