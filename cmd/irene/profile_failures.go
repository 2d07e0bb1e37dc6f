package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// failureList is the tasks that an executor cannot run, beside a file of records: a line each, the key of the record that
// there would be, what it is of, and why. It may be removed at any time. Runs that share their tasks read those of all.
type failureList struct {
	path  string // of the run's own list
	keys  map[string]bool
	sizes map[string]int64 // of the lists, when they were read
}

// failedSuffix is added to the name of a file of records for the list that belongs to it.
const failedSuffix = ".failed"

func newFailureList(records string) *failureList {
	return &failureList{path: records + failedSuffix, keys: map[string]bool{}, sizes: map[string]int64{}}
}

// read reads the list that belongs to a file of records, unless it is as it was.
func (l *failureList) read(records string) error {
	path := records + failedSuffix
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() == l.sizes[path] {
		return err
	} else {
		l.sizes[path] = info.Size()
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if key, _, ok := strings.Cut(lines.Text(), "\t"); ok {
			l.keys[key] = true
		}
	}
	return lines.Err()
}

// has reports whether a task is in the list.
func (l *failureList) has(key string) bool { return l.keys[key] }

// add adds a task to the list, and says where it is.
func (l *failureList) add(key string, r *energy.Record, why error) string {
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err == nil {
		_, err = fmt.Fprintf(f, "%s\t%s\t%s\n", key, strings.TrimSpace(r.Path+" "+r.Op), oneLine(why.Error()))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Sprintf("%s: %v", l.path, err)
	}
	return l.path + " lists what cannot be run, and why"
}
