package claims

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// ErrLost says that a claim is no longer the session's: it was silent for too long, and another took the task over.
var ErrLost = errors.New("the claim was taken over by another run")

// Claim is the right of a session to do a task.
type Claim struct {
	folder *Folder
	task   string // its folder
	name   string // of the file in it
}

// Take claims a task; nil is that another session has it.
func (f *Folder) Take(key string) (*Claim, error) {
	c := &Claim{folder: f, task: f.task(key), name: f.next()}
	var held string
	err := f.insist(func() (err error) {
		if held, err = holder(c.task); err != nil || held != "" {
			return err
		}
		ours, err := f.publish(c.task, c.name, nil)
		if err == nil && !ours {
			held, err = holder(c.task) // somebody was quicker
		}
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", f.dir, err)
	case held == "":
		if exists(filepath.Join(c.task, c.name)) {
			return c, nil
		}
		return nil, nil // it came and went: ask again
	case !f.dead(sessionOf(held)):
		return nil, nil
	}
	return c.takeOver(held)
}

// takeOver takes the task from a session that is gone, while that can append no result to its file. Nil is that it, or
// another, was quicker.
func (c *Claim) takeOver(held string) (*Claim, error) {
	var err error
	locked, lockErr := energy.TryLockRecords(c.folder.resultsOf(sessionOf(held)), func() { err = c.rename(held) })
	switch {
	case lockErr != nil:
		return nil, lockErr
	case !locked || errors.Is(err, ErrLost):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return c, nil
}

// rename gives the claim its name in the place of another. It is ErrLost where that has gone.
func (c *Claim) rename(from string) error {
	to := filepath.Join(c.task, c.name)
	err := os.Rename(filepath.Join(c.task, from), to)
	switch {
	case err == nil || exists(to): // the server may have done it though its answer was lost
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return ErrLost
	}
	return fmt.Errorf("%s: %w", c.folder.dir, err)
}

// Renew holds that the claim still is the session's, by giving it another name, and that others have just heard of it. It is
// [ErrLost] where it is not.
func (c *Claim) Renew() error {
	if err := c.folder.self.beat(); err != nil {
		return fmt.Errorf("%s: %w", c.folder.dir, err)
	}
	was := c.name
	c.name = c.folder.next()
	return c.rename(was)
}

// Release gives the claim back. One that was lost has been given back.
func (c *Claim) Release() error {
	err := os.Remove(filepath.Join(c.task, c.name))
	_ = os.Remove(c.task) // unless somebody has it by now
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", c.folder.dir, err)
	}
	return nil
}

// next is a name for a claim that none had before.
func (f *Folder) next() string {
	f.claims++
	return fmt.Sprintf("%s.%d", f.options.Session, f.claims)
}

// sessionOf is the session of a claim's name.
func sessionOf(name string) string {
	session, _, _ := strings.Cut(name, ".")
	return session
}

func trimSeed(name string) string { return strings.TrimSuffix(name, seedSuffix) }

// holder is the file in a folder; "" where there is none.
func holder(folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if len(entries) > 0 {
		return entries[0].Name(), nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return "", err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
