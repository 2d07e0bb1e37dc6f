package ort

import (
	"os"
	"syscall"
)

// takeOver returns another descriptor of f and lets f's lead to standard error.
func takeOver(f *os.File) (*os.File, error) {
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(fd)
	if err := syscall.Dup3(syscall.Stderr, int(f.Fd()), 0); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "replies"), nil
}

// childAttributes make a child, the first of a process group, that hears no signal of the terminal. It is told to end when the
// thread that started it does: Serve then takes along what libraries started.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
