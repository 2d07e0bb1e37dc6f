package onnx

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// skeleton is a model without what nobody reads of it, above all the elements of large tensors. What is left out stands in
// it as an empty field, and the lengths of the messages around are those of what is left.
type skeleton struct {
	data    []byte
	cuts    []cut
	missing int64 // bytes of the file that follow where it is malformed, up to the end of the message
	broken  bool  // the file is malformed where the skeleton ends
}

// cut is a place of the skeleton before which bytes of the file are left out.
type cut struct {
	at    int   // in the skeleton
	place int64 // in the file, of what was left out
	n     int64 // its bytes; 0 where the length of a message was written anew: data[at] lies at place+n
}

// place is the place in the file of byte i of the skeleton.
func (s *skeleton) place(i int) int64 {
	k, exact := slices.BinarySearchFunc(s.cuts, i, func(c cut, i int) int { return cmp.Compare(c.at, i) })
	if exact {
		k++
	}
	if k == 0 {
		return int64(i)
	}
	c := s.cuts[k-1]
	return c.place + c.n + int64(i-c.at)
}

// hole is what was left out of the field that ends before byte i of the skeleton.
func (s *skeleton) hole(i int) (cut, bool) {
	k, _ := slices.BinarySearchFunc(s.cuts, i, func(c cut, i int) int { return cmp.Compare(c.at, i) })
	if k < len(s.cuts) && s.cuts[k].at == i && s.cuts[k].n > 0 {
		return s.cuts[k], true
	}
	return cut{}, false
}

// part is what a message is to the skimmer.
type part int

const (
	partModel part = iota
	partGraph
	partNode
	partAttribute
	partTensor
	partSparse
	partFunction
)

// within says which fields of a message hold messages that are looked into where they are long.
var within = [...]map[protowire.Number]part{
	partModel:     {7: partGraph, 25: partFunction},
	partGraph:     {1: partNode, 5: partTensor, 15: partSparse},
	partNode:      {5: partAttribute},
	partAttribute: {5: partTensor, 6: partGraph, 10: partTensor, 11: partGraph, 22: partSparse, 23: partSparse},
	partTensor:    {},
	partSparse:    {1: partTensor, 2: partTensor},
	partFunction:  {7: partNode, 11: partAttribute},
}

// texts are the other fields that the parser reads; what else is long is left out.
var texts = [...][]protowire.Number{
	partModel:     {2, 3, 8, 14},
	partGraph:     {2, 11, 12, 13},
	partNode:      {1, 2, 3, 4, 7, 8, 9},
	partAttribute: {1, 7, 8, 14, 15, 21},
	partTensor:    {1, 8, 13, 16},
	partSparse:    {3},
	partFunction:  {1, 4, 5, 9, 10, 12, 13},
}

// payloads are fields that hold what may be large by its nature: elements of tensors, strings of attributes.
var payloads = [...][]protowire.Number{
	partAttribute: {4, 9},
	partTensor:    {4, 5, 7, 9, 10, 11},
	partFunction:  nil,
}

// skimLimits say what a skimmer leaves out.
type skimLimits struct {
	whole  int64 // messages up to this size are kept as they are
	kept   int64 // payloads up to this size are kept …
	budget int64 // … as long as they take no more than this together
	text   int64 // other fields are refused above this size
	held   int64 // size of the skeleton
}

// keptPayload is as much as inference reads of a tensor.
const keptPayload = 32 << 10

func limitsOf(opts Options) skimLimits {
	return skimLimits{whole: 1 << 10, kept: keptPayload, budget: 64 << 20, text: 16 << 20, held: opts.MaxHeld}
}

// skimmer copies a file from its beginning and leaves out what nobody reads.
type skimmer struct {
	skeleton
	limits skimLimits
	src    io.Reader
	seek   io.Seeker // src, where what is left out need not be read
	in     *bufio.Reader
	size   int64 // of the file; -1: unknown
	at     int64 // bytes of the file behind
}

const skimWindow = 32 << 10

var (
	errEnd    = errors.New("the input ends")
	errBroken = errors.New("malformed") // the parser says what is wrong: the skeleton ends with it
)

// skim reads a model of size bytes, -1 where nobody knows. It fails where the source does; what is malformed is in the
// skeleton for the parser to find.
func skim(src io.Reader, seek io.Seeker, size int64, limits skimLimits) (skeleton, error) {
	s := &skimmer{limits: limits, src: src, seek: seek, in: bufio.NewReaderSize(src, skimWindow), size: size}
	n := size
	if n < 0 {
		n = math.MaxInt64
	}
	err := s.message(n, partModel, 0)
	switch {
	case errors.Is(err, errEnd):
		err = nil
	case errors.Is(err, errBroken):
		s.broken, err = true, nil
	}
	s.data = slices.Clip(s.data)
	return s.skeleton, err
}

// message copies the n bytes of a message; depth is the number of messages around it.
func (s *skimmer) message(n int64, is part, depth int) error {
	if depth > maxLevels {
		return errDeep
	}
	for end := s.at + n; s.at < end; {
		if err := s.field(end, is, depth); err != nil {
			return err
		}
	}
	return nil
}

// head is the beginning of a field: its tag, and its number or the length of its value.
type head struct {
	bytes  [20]byte
	n      int // bytes
	tag    int // bytes of the tag
	num    protowire.Number
	typ    protowire.Type
	length int64 // of the value of a length-delimited field
}

// field copies a field of a message that ends at a place of the file.
func (s *skimmer) field(end int64, is part, depth int) error {
	h, err := s.head(end)
	if err != nil {
		return err
	}
	if h.typ == protowire.StartGroupType {
		return s.group(h, end)
	}
	if h.typ != protowire.BytesType {
		return s.copy(int64(h.n))
	}
	if s.size >= 0 || depth > 0 {
		if left := end - s.at - int64(h.n); h.length > left {
			s.data, s.missing = append(s.data, h.bytes[:h.n]...), left
			return errBroken
		}
	}
	start, from := len(s.data), s.at+int64(h.n)
	err = s.value(h, is, depth)
	if depth == 0 && errors.Is(err, errEnd) { // a stream that was cut short
		s.data, s.missing = append(s.data[:start], h.bytes[:h.n]...), s.at+int64(s.in.Buffered())-from
		err = errBroken
	}
	return err
}

// value copies a length-delimited field, or goes into it, or leaves it out.
func (s *skimmer) value(h head, is part, depth int) error {
	next, message := within[is][h.num]
	switch {
	case h.length <= s.limits.whole:
		return s.copy(int64(h.n) + h.length)
	case message:
		return s.inner(h, next, depth)
	case slices.Contains(texts[is], h.num):
		if h.length > s.limits.text {
			return fmt.Errorf("byte %d: field %d: a text of %d bytes; %d are read", s.at, h.num, h.length, s.limits.text)
		}
		return s.copy(int64(h.n) + h.length)
	case slices.Contains(payloads[is], h.num) && h.length <= min(s.limits.kept, s.limits.budget):
		s.limits.budget -= h.length
		return s.copy(int64(h.n) + h.length)
	}
	return s.leaveOut(h)
}

// inner copies a message field by field, under a length that is written when it is known.
func (s *skimmer) inner(h head, is part, depth int) error {
	s.data = append(s.data, h.bytes[:h.tag]...)
	if err := s.discard(int64(h.n)); err != nil {
		return err
	}
	at := len(s.data)
	s.data = append(s.data, 0x80, 0x80, 0x80, 0x80, 0)
	begin := len(s.data)
	s.cuts = append(s.cuts, cut{at: begin, place: s.at})
	err := s.message(h.length, is, depth+1)
	for i, n := 0, len(s.data)-begin; i < 5; i, n = i+1, n>>7 {
		s.data[at+i] |= byte(n & 0x7f)
	}
	return err
}

// leaveOut puts an empty field in the place of one.
func (s *skimmer) leaveOut(h head) error {
	s.data = append(append(s.data, h.bytes[:h.tag]...), 0)
	place := s.at + int64(h.n)
	s.cuts = append(s.cuts, cut{at: len(s.data), place: place, n: h.length})
	return s.discard(int64(h.n) + h.length)
}

// group copies a group, whose begin is at hand. Whether it is well formed is for the parser to say.
func (s *skimmer) group(h head, end int64) error {
	start := s.at
	for open := 1; open > 0; {
		if err := s.copy(int64(h.n) + h.length); err != nil {
			return err
		}
		if s.at >= end {
			return errBroken
		}
		if s.at-start > s.limits.text {
			return fmt.Errorf("byte %d: a group of more than %d bytes", start, s.limits.text)
		}
		var err error
		if h, err = s.head(end); err != nil {
			return err
		}
		switch h.typ {
		case protowire.StartGroupType:
			open++
		case protowire.EndGroupType:
			open--
		}
		if h.length > min(s.limits.text, end-s.at-int64(h.n)) {
			return errBroken
		}
	}
	return s.copy(int64(h.n))
}

// head reads the beginning of the next field without going behind it. One that is malformed ends the skeleton.
func (s *skimmer) head(end int64) (h head, err error) {
	b, err := s.in.Peek(int(min(int64(len(h.bytes)), end-s.at)))
	if err != nil && err != io.EOF {
		return h, err
	}
	var k int
	if h.num, h.typ, h.tag = protowire.ConsumeTag(b); h.tag > 0 {
		k = h.rest(b[h.tag:])
	}
	h.n = h.tag + k
	switch {
	case h.tag > 0 && k >= 0:
		copy(h.bytes[:], b[:h.n])
		return h, nil
	case err == io.EOF && s.size >= 0:
		return h, s.ends()
	}
	s.data = append(s.data, b...)
	if err == io.EOF {
		return h, errEnd
	}
	return h, errBroken
}

// rest is how many bytes behind the tag belong to the head; negative where it is malformed.
func (h *head) rest(b []byte) int {
	switch h.typ {
	case protowire.StartGroupType, protowire.EndGroupType:
		return 0
	case protowire.Fixed32Type:
		_, n := protowire.ConsumeFixed32(b)
		return n
	case protowire.Fixed64Type:
		_, n := protowire.ConsumeFixed64(b)
		return n
	case protowire.VarintType:
		_, n := protowire.ConsumeVarint(b)
		return n
	case protowire.BytesType:
		u, n := protowire.ConsumeVarint(b)
		h.length = int64(min(u, math.MaxInt64/2))
		return n
	}
	return -1
}

// copy appends the next n bytes to the skeleton.
func (s *skimmer) copy(n int64) error {
	at := len(s.data)
	if int64(at)+n > s.limits.held {
		return fmt.Errorf("byte %d: more than %d bytes beside the elements of tensors", s.at, s.limits.held)
	}
	if more := int(n); more > cap(s.data)-at {
		if s.size >= 0 { // no more than is left of the file, beside the lengths that are written anew
			more = max(more, int(min(int64(at), s.size-s.at+s.size/64)))
		}
		s.data = slices.Grow(s.data, more)
	}
	s.data = s.data[:at+int(n)]
	k, err := io.ReadFull(s.in, s.data[at:])
	s.at += int64(k)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		s.data = s.data[:at+k]
		return s.ends()
	}
	return err
}

// discard goes over the next n bytes.
func (s *skimmer) discard(n int64) error {
	if have := int64(s.in.Buffered()); s.seek != nil && n > have+skimWindow {
		if _, err := s.seek.Seek(n-have, io.SeekCurrent); err != nil {
			return err
		}
		s.in.Reset(s.src)
		s.at += n
		return nil
	}
	for n > 0 {
		k, err := s.in.Discard(int(min(n, math.MaxInt32)))
		s.at += int64(k)
		n -= int64(k)
		if err == io.EOF {
			return s.ends()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ends is what the end of the input means: that of a stream, or that the file is shorter than it was.
func (s *skimmer) ends() error {
	if s.size >= 0 {
		return shrunk(s.at, s.size)
	}
	return errEnd
}

func shrunk(at, size int64) error {
	return fmt.Errorf("the file changed while it was read: it ends at byte %d of %d", at, size)
}
