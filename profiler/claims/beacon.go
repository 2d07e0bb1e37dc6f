package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// identity is who a session is, as others read it.
type identity struct {
	Machine string `json:"machine"` // this start of this machine, in this space of process numbers; "" where nobody can tell
	PID     int    `json:"pid"`
	Results string `json:"results"` // the file that its results go to
}

// beacon is a session's file that says that it is there. What it says changes with every beat, and never its length, so that
// it is overwritten in place: that works on a full disk, too.
type beacon struct {
	mu    sync.Mutex
	path  string
	file  *os.File
	who   []byte
	beats uint64
}

// newBeacon makes the file.
func newBeacon(path string, who identity) (*beacon, error) {
	text, err := json.Marshal(who)
	if err != nil {
		return nil, err
	}
	b := &beacon{path: path, who: text}
	if err := b.light(); err != nil {
		return nil, err
	}
	if err := b.beat(); err != nil {
		return nil, errors.Join(err, b.remove())
	}
	return b, nil
}

// light makes the file anew.
func (b *beacon) light() (err error) {
	b.file, err = os.OpenFile(b.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	return err
}

// beat changes what the file says. Whoever was silent for too long may find that others have removed it.
func (b *beacon) beat() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !exists(b.path) {
		b.file.Close()
		if err := errors.Join(os.MkdirAll(filepath.Dir(b.path), 0o777), b.light()); err != nil {
			return err
		}
	}
	b.beats++
	if _, err := b.file.WriteAt(fmt.Appendf(nil, "%s\n%020d\n", b.who, b.beats), 0); err != nil {
		return err
	}
	return b.file.Sync()
}

// keep beats until it is told to quit. A beat that fails is made up for by the next; where all fail, claims are lost, which
// whoever renews one finds out.
func (b *beacon) keep(every time.Duration, quit <-chan struct{}) {
	t := time.NewTicker(max(every, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-quit:
			return
		case <-t.C:
			_ = b.beat()
		}
	}
}

// remove removes the file, if others have not.
func (b *beacon) remove() error {
	err := os.Remove(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(b.file.Close(), err)
}

// sight is what a session was last seen to say, and since when.
type sight struct {
	text  string
	since time.Time
}

// dead reports whether a session is gone: its process, where that can be looked up, or it was silent for a lease. One that was
// never looked at before gets a lease from now on.
func (f *Folder) dead(session string) bool {
	text, err := os.ReadFile(f.run(session))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if who, ok := parseIdentity(text); ok && f.options.Gone != nil && who.Machine != "" && who.Machine == machine() && f.options.Gone(who.PID) {
		return true
	}
	s, known := f.seen[session]
	if !known || s.text != string(text) {
		s = sight{string(text), time.Now()}
		f.seen[session] = s
	}
	return time.Since(s.since) > f.options.Lease
}

// resultsOf is the file that the results of a session go to; "" where nothing is known of it.
func (f *Folder) resultsOf(session string) string {
	text, err := os.ReadFile(f.run(session))
	if err != nil {
		return ""
	}
	who, ok := parseIdentity(text)
	if !ok || who.Results == "" {
		return ""
	}
	return f.absolute(who.Results)
}

func parseIdentity(text []byte) (who identity, ok bool) {
	line, _, _ := strings.Cut(string(text), "\n")
	err := json.Unmarshal([]byte(line), &who)
	return who, err == nil
}

// identify says who this process is.
func identify(results string) identity {
	return identity{Machine: machine(), PID: os.Getpid(), Results: results}
}

// machine tells this start of this machine, and the space that process numbers here belong to, from all others; "" where the
// system does not say.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + space
}

// writeSynced writes a file that is on the disk when it returns.
func writeSynced(path string, content []byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if len(content) > 0 {
		if _, err = file.Write(content); err == nil {
			err = file.Sync()
		}
	}
	return errors.Join(err, file.Close())
}
