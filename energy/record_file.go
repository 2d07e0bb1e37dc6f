package energy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits that keep a file that is no record file from filling memory or the terminal.
const (
	maxRecordLine   = 4 << 20 // bytes
	maxSyntaxErrors = 20
)

// SyntaxError is one unusable line of a file of records. Other lines may still be good.
type SyntaxError struct {
	File string
	Line int // from 1
	Msg  string
}

// Error is "FILE:LINE: what is wrong".
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// TornTailError says that a file ends within a line, as one does whose writer was interrupted. All records before that
// line were read. Whoever resumes the file keeps its first Offset bytes and sets the rest aside.
type TornTailError struct {
	File   string
	Line   int   // from 1
	Offset int64 // where the line begins, in bytes from the start of what was read
}

// Error is "FILE:LINE: what is wrong".
func (e *TornTailError) Error() string {
	return fmt.Sprintf("%s:%d: the last line is incomplete (from byte %d)", e.File, e.Line, e.Offset)
}

// ReadRecords reads a file of records, one JSON object a line; blank lines and unknown members are passed over. The
// name is for messages. It returns every good record; the error joins a *SyntaxError for each bad line, up to a limit
// beyond which reading stops, a *TornTailError where the file ends within a line, and the reader's own error.
//
// A last line that is whole but lacks its line feed is read as a record; who appends to such a file writes a line feed
// first.
func ReadRecords(r io.Reader, name string) ([]Record, error) {
	in := &lineReader{in: bufio.NewReaderSize(r, 1<<16), name: name}
	var records []Record
	var bad []error
	for {
		line, err := in.next()
		if len(line) > 0 && err != nil && !json.Valid(line) {
			return records, errors.Join(append(bad, in.torn(err))...)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return records, errors.Join(append(bad, fmt.Errorf("%s: %w", name, err))...)
		}
		switch record, problem := in.parse(line); {
		case problem != nil:
			bad = append(bad, problem)
		case record != nil:
			records = append(records, *record)
		}
		if err != nil {
			return records, errors.Join(bad...)
		}
		if len(bad) == maxSyntaxErrors {
			return records, errors.Join(append(bad, in.fail("too many bad lines; is this a file of records?"))...)
		}
	}
}

// lineReader hands out the lines of a file and knows where it is.
type lineReader struct {
	in    *bufio.Reader
	name  string
	line  int   // number of the line last returned
	start int64 // where that line begins
	end   int64 // where it ends
	long  bool  // it was longer than a record may be, and is cut
}

// next returns the next line without its end, and an error if no line feed ended it (io.EOF at the end of the file).
func (l *lineReader) next() ([]byte, error) {
	l.line, l.start, l.long = l.line+1, l.end, false
	var line []byte
	for {
		part, err := l.in.ReadSlice('\n')
		l.end += int64(len(part))
		if len(line)+len(part) > maxRecordLine {
			l.long = true
		} else {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(line), err
		}
	}
}

// parse reads the record on a line; both results are nil for a blank line.
func (l *lineReader) parse(line []byte) (*Record, error) {
	switch {
	case l.long:
		return nil, l.fail(fmt.Sprintf("longer than %s", FormatBinaryBytes(maxRecordLine)))
	case len(line) == 0:
		return nil, nil
	}
	record := new(Record)
	if err := json.Unmarshal(line, record); err != nil {
		return nil, l.fail(jsonMessage(err))
	}
	if err := record.Check(); err != nil {
		return nil, l.fail(err.Error())
	}
	return record, nil
}

// torn is the error for a last line without an end: the reader's own one, where it failed.
func (l *lineReader) torn(err error) error {
	tail := &TornTailError{File: l.name, Line: l.line, Offset: l.start}
	if errors.Is(err, io.EOF) {
		return tail
	}
	return errors.Join(tail, fmt.Errorf("%s: %w", l.name, err))
}

// fail is a SyntaxError at the current line.
func (l *lineReader) fail(msg string) error {
	return &SyntaxError{File: l.name, Line: l.line, Msg: msg}
}

// jsonMessage says what encoding/json found wrong without naming Go types.
func jsonMessage(err error) string {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Sprintf("%s: unexpected %s", wrong.Field, wrong.Value)
	}
	return "not a JSON object: " + strings.TrimPrefix(err.Error(), "json: ")
}

// WriteRecord appends one record as one line, in a single write. Members stand in the order of the struct, maps are
// sorted by key and times are in UTC, so equal records are equal bytes. A record that ReadRecords would refuse is not
// written; a schema of zero is set to the current one.
func WriteRecord(w io.Writer, r Record) error {
	if r.Schema == 0 {
		r.Schema = RecordSchema
	}
	if err := r.Check(); err != nil {
		return fmt.Errorf("record of %s: %w", r.label(), err)
	}
	r.Timestamp = r.Timestamp.UTC()
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("record of %s: %w", r.label(), err)
	}
	if line.Len() > maxRecordLine {
		return fmt.Errorf("record of %s: line longer than %s", r.label(), FormatBinaryBytes(maxRecordLine))
	}
	_, err := w.Write(line.Bytes())
	return err
}

// label names what a record measures, for messages.
func (r *Record) label() string {
	for _, s := range []string{r.Path, r.Op, r.Class, r.Model} {
		if s != "" {
			return fmt.Sprintf("%q", s)
		}
	}
	return string(r.Level)
}
