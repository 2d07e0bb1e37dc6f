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

// childAttributes make a child of the parent's that dies with the thread that starts it and hears no signal of the terminal.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
