//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package energy

import (
	"errors"
	"os"
	"syscall"
)

// lockFile waits until no other open file has the lock. The system gives it back when the process ends, however. It
// does nothing on file systems without locks, as parallel ones of clusters may be.
func lockFile(f *os.File) error { return flock(f, syscall.LOCK_EX) }

// tryLockFile is lockFile where nobody has the lock, and reports whether it is.
func tryLockFile(f *os.File) (bool, error) {
	err := flock(f, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func unlockFile(f *os.File) error { return flock(f, syscall.LOCK_UN) }

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP):
			return nil
		default:
			return err
		}
	}
}

// syncFolder puts the names of a folder's files on the disk. File systems that cannot are not complained about.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return errors.Join(err, d.Close())
	}
	return d.Close()
}
