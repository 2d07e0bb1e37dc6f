package energy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Follower reads a file of records that others append to.
type Follower struct {
	path   string
	offset int64 // of what was not read yet
}

// NewFollower follows a file, from its beginning. There need be none yet.
func NewFollower(path string) *Follower { return &Follower{path: path} }

// Next returns the records that were appended since it was called before. A line that is being written comes with a later
// call; lines that are no records are passed over. A file that became shorter is read from its beginning.
func (f *Follower) Next() ([]Record, error) {
	file, err := os.Open(f.path) // anew: a file server tells of what others wrote when a file is opened
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, bareError(err))
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, bareError(err))
	}
	size := info.Size()
	if size < f.offset {
		f.offset = 0
	}
	if size == f.offset {
		return nil, nil
	}
	records, err := ReadRecords(io.NewSectionReader(file, f.offset, size-f.offset), f.path)
	if err != nil && lineErrors(err) == nil {
		return nil, err
	}
	if torn := (*TornTailError)(nil); errors.As(err, &torn) {
		size = f.offset + torn.Offset
	}
	f.offset = size
	return records, nil
}
