package claims

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say who joins a folder of claims.
type Options struct {
	Session string        // its name, which no other has; letters, digits and "-"
	Results string        // the file that its results go to; "" where there is none
	Lease   time.Duration // how long a silent session keeps its claims

	// Gone reports whether no process of this machine has a number; nil where nobody can tell, and leases have to expire.
	Gone func(pid int) bool
}

// Folder is a folder of claims that a session has joined. Its methods are called by one goroutine at a time.
type Folder struct {
	dir     string
	options Options
	self    *beacon
	seen    map[string]sight // sessions, by name
	claims  int              // names of claims that were used up
	stop    func()
}

// The folders of a folder of claims.
const (
	runsFolder  = "runs"
	tasksFolder = "tasks"
	filesPrefix = "files-"
	termsFolder = "terms"
)

// Join joins a folder, and makes it where there is none. From then on the session says that it is there, until it leaves.
func Join(dir string, o Options) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{dir: dir, options: o, seen: map[string]sight{}}
	err = f.insist(func() (err error) {
		f.self, err = newBeacon(f.run(o.Session), identify(f.relative(o.Results)))
		return err
	})
	if err != nil {
		return nil, err
	}
	quit := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { f.self.keep(o.Lease/4, quit) })
	f.stop = func() { close(quit); wait.Wait() }
	return f, nil
}

// insist makes the folders and tries again where somebody who left has just removed them, or what this session was about to publish.
func (f *Folder) insist(try func() error) error {
	const tries = 100
	for n := 1; ; n++ {
		for _, sub := range []string{runsFolder, tasksFolder} {
			if err := os.MkdirAll(filepath.Join(f.dir, sub), 0o777); err != nil && n == tries {
				return err
			}
		}
		err := try()
		if err == nil || !errors.Is(err, fs.ErrNotExist) || n == tries {
			return err
		}
	}
}

func (f *Folder) run(session string) string { return filepath.Join(f.dir, runsFolder, session) }

func (f *Folder) task(key string) string { return filepath.Join(f.dir, tasksFolder, key) }

// publish makes a folder with one file in it, both at once. It reports whether it did: otherwise the folder has a file already,
// or had one a moment ago.
func (f *Folder) publish(folder, name string, content []byte) (bool, error) {
	seed := f.run(f.options.Session) + seedSuffix
	if err := errors.Join(os.RemoveAll(seed), os.Mkdir(seed, 0o777)); err != nil {
		return false, err
	}
	if err := writeSynced(filepath.Join(seed, name), content); err != nil {
		return false, err
	}
	err := os.Rename(seed, folder)
	switch {
	case err == nil || exists(filepath.Join(folder, name)): // the server may have done it though its answer was lost
		return true, nil
	case errors.Is(err, fs.ErrExist):
		return false, nil
	}
	return false, err
}

// seedSuffix is added to a session's name for the folder that it publishes next.
const seedSuffix = ".next"

// Share adds the session's file of results to those of the folder.
func (f *Folder) Share() error {
	name := f.relative(f.options.Results)
	sum := sha256.Sum256([]byte(name))
	return f.insist(func() error {
		_, err := f.publish(filepath.Join(f.dir, filesPrefix+hex.EncodeToString(sum[:8])), "path", []byte(name))
		return err
	})
}

// Files are the files of results that sessions have shared.
func (f *Folder) Files() ([]string, error) {
	found, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range found {
		if !strings.HasPrefix(e.Name(), filesPrefix) {
			continue
		}
		name, err := os.ReadFile(filepath.Join(f.dir, e.Name(), "path"))
		if err != nil {
			return nil, err
		}
		out = append(out, f.absolute(string(name)))
	}
	slices.Sort(out)
	return out, nil
}

// Agree is what all sessions have in common: the terms of the first that came here with its own.
func (f *Folder) Agree(terms string) (string, error) {
	folder := filepath.Join(f.dir, termsFolder)
	var common []byte
	err := f.insist(func() (err error) {
		if _, err = f.publish(folder, "terms", []byte(terms)); err == nil {
			common, err = os.ReadFile(filepath.Join(folder, "terms"))
		}
		return err
	})
	return string(common), err
}

// relative is how a path is written down: from the folder on, since machines may see it at different places.
func (f *Folder) relative(path string) string {
	if path == "" {
		return ""
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(f.dir, abs); err == nil {
		return filepath.ToSlash(rel)
	}
	return abs
}

func (f *Folder) absolute(name string) string {
	if path := filepath.FromSlash(name); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(f.dir, filepath.FromSlash(name))
}

// Leave ends the session: it says no more that it is there. What sessions that are gone left behind is removed, and the
// folder where nothing is left in it.
func (f *Folder) Leave() error {
	f.stop()
	err := f.self.remove()
	f.sweep()
	for _, sub := range []string{tasksFolder, runsFolder, ""} {
		_ = os.Remove(filepath.Join(f.dir, sub)) // fails where it is in use
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.dir, err)
	}
	return nil
}

// sweep removes claims of sessions that are gone, and what is left of these. What cannot be read somebody else has removed.
func (f *Folder) sweep() {
	_ = os.RemoveAll(f.run(f.options.Session) + seedSuffix)
	tasks, _ := os.ReadDir(filepath.Join(f.dir, tasksFolder))
	for _, t := range tasks {
		folder := f.task(t.Name())
		if name, err := holder(folder); err == nil && (name == "" || f.dead(sessionOf(name))) {
			if name != "" {
				_ = os.Remove(filepath.Join(folder, name)) // or somebody has taken it over
			}
			_ = os.Remove(folder)
		}
	}
	runs, _ := os.ReadDir(filepath.Join(f.dir, runsFolder))
	for _, r := range runs {
		session := trimSeed(r.Name())
		switch seed := f.run(session) + seedSuffix; {
		case session == f.options.Session:
		case f.dead(session):
			_ = errors.Join(os.RemoveAll(seed), os.Remove(f.run(session)))
		case !exists(f.run(session)): // others took it for dead; if it is not, it makes another one
			_ = os.RemoveAll(seed)
		}
	}
}
