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
// there would be, what it is of, and why. It may be removed at any time.
type failureList struct {
	path string
	keys map[string]bool
}

// openFailures reads the list that belongs to a file of records.
func openFailures(records string) (*failureList, error) {
	l := &failureList{path: records + ".failed", keys: map[string]bool{}}
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if key, _, ok := strings.Cut(lines.Text(), "\t"); ok {
			l.keys[key] = true
		}
	}
	return l, errors.Join(lines.Err(), f.Close())
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
