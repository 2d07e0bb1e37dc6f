//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package energy

import "os"

// lockFile does nothing where there are no advisory locks: there, only one process may append to a file.
func lockFile(*os.File) error { return nil }

func tryLockFile(*os.File) (bool, error) { return true, nil }

func unlockFile(*os.File) error { return nil }

// syncFolder does nothing where folders cannot be synchronised.
func syncFolder(string) error { return nil }
