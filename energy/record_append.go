package energy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// TornSuffix is added to the name of a file of records for the file that keeps what interrupted writers left in it.
const TornSuffix = ".torn"

// Appender adds records to the end of a file, so that each is there whole or not at all, whatever ends the program: a
// record is one write, on the disk before Append returns. An advisory lock is held for the time of an append, not
// between: several processes may append to one file, where the system has such locks (see lock_other.go). Its methods
// may be called by several goroutines.
type Appender struct {
	mu     sync.Mutex
	path   string
	file   *os.File
	broken error // of the append that failed; the file is as it was before that one
}

// OpenAppender opens a file of records, or makes one, and returns the records that are in it. Where its last writer was
// interrupted within a line, that line goes to the end of another file, with the suffix [TornSuffix]; the note, one
// line, says so, and "" is nothing to say. Lines that are no records are named in the note and stay. A file without any
// record that is not empty is taken for something else and refused.
func OpenAppender(path string) (a *Appender, existing []Record, note string, err error) {
	f, err := openRecords(path)
	if err != nil {
		return nil, nil, "", fmt.Errorf("%s: %w", path, bareError(err))
	}
	a = &Appender{path: path, file: f}
	err = a.locked(func() (err error) {
		existing, note, err = a.resume()
		return err
	})
	if err != nil {
		return nil, nil, "", errors.Join(err, f.Close())
	}
	return a, existing, note, nil
}

// openRecords opens a file to be read and appended to. A new file's name is on the disk when it returns.
func openRecords(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o666)
	if err == nil {
		if err := syncFolder(filepath.Dir(path)); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // opening a pipe would wait
		return nil, errors.New("is not a regular file; records are appended to one")
	}
	return os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
}

// resume reads the records of the file and makes its end ready for more.
func (a *Appender) resume() ([]Record, string, error) {
	size, err := a.size()
	if err != nil {
		return nil, "", err
	}
	records, bad := ReadRecords(io.NewSectionReader(a.file, 0, size), a.path)
	torn := (*TornTailError)(nil)
	errors.As(bad, &torn)
	switch lines := lineErrors(bad); {
	case bad == nil:
		return records, "", nil
	case lines == nil:
		return nil, "", bad
	case len(lines) > maxSyntaxErrors, len(records) == 0 && (torn == nil || len(lines) > 1 || !a.begins('{', torn.Offset)):
		return nil, "", fmt.Errorf("%w; is this a file of records? nothing is appended to it", lines[0])
	}
	note := strings.ReplaceAll(bad.Error(), "\n", "; ")
	if torn != nil {
		if err := a.setAside(torn.Offset, size); err != nil {
			return nil, "", err
		}
		note += fmt.Sprintf("; those %d bytes are now in %s", size-torn.Offset, a.path+TornSuffix)
	}
	return records, note, nil
}

// lineErrors takes an error of ReadRecords apart; nil where it speaks of something else than lines.
func lineErrors(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	for _, e := range joined.Unwrap() {
		switch e.(type) {
		case *SyntaxError, *TornTailError:
		default:
			return nil
		}
	}
	return joined.Unwrap()
}

// begins reports whether the byte at an offset is c.
func (a *Appender) begins(c byte, offset int64) bool {
	var b [1]byte
	n, _ := a.file.ReadAt(b[:], offset)
	return n == 1 && b[0] == c
}

// Append adds a record. After an error the file is as it was before, as far as the system allows, and every later
// Append fails with the same error. A record that ReadRecords would refuse is not written; that does no harm to later
// ones.
func (a *Appender) Append(r Record) error { return a.AppendIf(r, func() error { return nil }) }

// AppendIf is Append where allowed returns no error. It is called while no other process appends to the file; its error
// is returned, the record is not written then, and that does no harm to later ones.
func (a *Appender) AppendIf(r Record, allowed func() error) error {
	var line bytes.Buffer
	if err := WriteRecord(&line, r); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken != nil {
		return a.broken
	}
	var refused error
	a.broken = a.locked(func() error {
		if refused = allowed(); refused != nil {
			return nil
		}
		return a.write(line.Bytes())
	})
	return errors.Join(refused, a.broken)
}

// TryLockRecords calls f while nobody can append to a file of records, and reports whether it did: it does not where somebody
// is appending at this moment. Nobody can append to a file that is not there.
func TryLockRecords(path string, f func()) (bool, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f()
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, bareError(err))
	}
	defer file.Close()
	if got, err := tryLockFile(file); err != nil || !got {
		return false, err
	}
	f()
	return true, unlockFile(file)
}

// Close closes the file.
func (a *Appender) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.broken == nil {
		a.broken = fmt.Errorf("%s: is closed", a.path)
	}
	return a.file.Close()
}

// locked runs f while no other process appends.
func (a *Appender) locked(f func() error) error {
	if err := lockFile(a.file); err != nil {
		return fmt.Errorf("%s: cannot be locked: %w", a.path, err)
	}
	err := f()
	if e := unlockFile(a.file); err == nil && e != nil {
		err = fmt.Errorf("%s: cannot be unlocked: %w", a.path, e)
	}
	return err
}

// write adds a line, and makes it undone where that fails.
func (a *Appender) write(line []byte) error {
	if err := a.checkName(); err != nil {
		return err
	}
	before, err := a.endLine()
	if err != nil {
		return err
	}
	if before > 0 && !a.begins('\n', before-1) {
		line = append([]byte{'\n'}, line...)
	}
	_, err = a.file.Write(line)
	if err == nil {
		err = a.file.Sync()
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: the record could not be appended: %w", a.path, bareError(err))
	if e := a.file.Truncate(before); e != nil {
		err = fmt.Errorf("%w; nor could what was written of it be taken back: %w", err, bareError(e))
	}
	return err
}

// checkName makes sure that the file still has its name: what is appended to a file that was replaced is lost.
func (a *Appender) checkName() error {
	open, err := a.file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", a.path, bareError(err))
	}
	named, err := os.Stat(a.path)
	if err != nil {
		return fmt.Errorf("%s: %w", a.path, bareError(err))
	}
	if !os.SameFile(open, named) {
		return fmt.Errorf("%s: was replaced while records were appended to it", a.path)
	}
	return nil
}

// endLine sets aside what a writer that was killed since may have left at the end, and returns the file's size. A last
// record that lacks nothing but its line feed stays.
func (a *Appender) endLine() (int64, error) {
	size, err := a.size()
	if err != nil || size == 0 || a.begins('\n', size-1) {
		return size, err
	}
	start, tail, err := a.tail(size)
	if err != nil || json.Valid(tail) {
		return size, err
	}
	return start, a.setAside(start, size)
}

// tail is what follows the last line feed.
func (a *Appender) tail(size int64) (start int64, tail []byte, err error) {
	for chunk := int64(1 << 16); ; chunk *= 4 {
		start = max(0, size-chunk)
		tail = make([]byte, size-start)
		if _, err := a.file.ReadAt(tail, start); err != nil {
			return 0, nil, fmt.Errorf("%s: %w", a.path, bareError(err))
		}
		if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
			return start + int64(i) + 1, tail[i+1:], nil
		}
		if start == 0 {
			return 0, tail, nil
		}
	}
}

// setAside moves the end of the file, from an offset on, to the file for such ends. It is there before it is gone here.
func (a *Appender) setAside(offset, size int64) (err error) {
	name := a.path + TornSuffix
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("%s: %w", name, bareError(err))
	}
	_, err = fmt.Fprintf(f, "# %s, %d bytes from byte %d on\n", filepath.Base(a.path), size-offset, offset)
	if err == nil {
		_, err = io.Copy(f, io.NewSectionReader(a.file, offset, size-offset))
	}
	if err == nil {
		_, err = f.Write([]byte{'\n'})
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close(), syncFolder(filepath.Dir(name))); err != nil {
		return fmt.Errorf("%s: %w", name, bareError(err))
	}
	if err := a.file.Truncate(offset); err != nil {
		return fmt.Errorf("%s: %w", a.path, bareError(err))
	}
	return nil
}

// size is the file's length.
func (a *Appender) size() (int64, error) {
	info, err := a.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", a.path, bareError(err))
	}
	return info.Size(), nil
}

// bareError drops operation and path from a system error: the caller names the file.
func bareError(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
