// Package wire reads protobuf messages field by field, as https://protobuf.dev/programming-guides/encoding lays them out.
package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
)

// Message walks over the fields of one message. Values alias the input. The first error ends the walk.
type Message struct {
	Num protowire.Number // of the current field
	Typ protowire.Type
	N   uint64 // value of a varint or fixed field
	Val []byte // value of a length-delimited field
	Err error

	tag  []byte // the message from the tag of the current field on
	rest []byte // what follows the current field
	in   *Input
}

// Input is what messages are slices of: the bytes of a file, or those of them that were kept.
type Input struct {
	Size    int               // capacity of the whole: it tells the position of any slice of it
	Place   func(i int) int64 // the place in the file of byte i; nil where it is i
	Missing int64             // bytes of the file that were dropped from the end of the input, where it is malformed
}

// New begins the walk over a message in an input; messages of errors name bytes of its file.
func New(b []byte, in *Input) Message { return Message{rest: b, in: in} }

// Whole begins the walk over a message that is the whole input.
func Whole(b []byte) Message { return New(b, &Input{Size: cap(b)}) }

// Position is the place in the input of the byte that follows the current field.
func (m *Message) Position() int { return m.in.Size - cap(m.rest) }

// Place is the place in the file of the byte that follows the current field.
func (m *Message) Place() int64 { return m.place(m.rest) }

// place is the place in the file of the first byte of a slice of the input.
func (m *Message) place(b []byte) int64 {
	i := m.in.Size - cap(b)
	if m.in.Place == nil {
		return int64(i)
	}
	return m.in.Place(i)
}

// Field is the current field as it lies in the message, with its tag.
func (m *Message) Field() []byte { return m.tag[:len(m.tag)-len(m.rest)] }

// Next advances to the next field that is not a group; groups are skipped.
func (m *Message) Next() bool {
	for len(m.rest) > 0 && m.Err == nil {
		b := m.rest
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			m.fail(b, "truncated or malformed tag")
			return false
		}
		m.tag, m.Num, m.Typ, m.N, m.Val = b, num, typ, 0, nil
		v := b[n:]
		switch typ {
		case protowire.BytesType:
			m.Val, n = protowire.ConsumeBytes(v)
		case protowire.VarintType, protowire.Fixed32Type, protowire.Fixed64Type:
			m.N, n = consumeNumber(typ, v)
		default:
			n = protowire.ConsumeFieldValue(num, typ, v)
		}
		if n < 0 {
			m.fail(b, m.problem(v))
			return false
		}
		m.rest = v[n:]
		if typ != protowire.StartGroupType {
			return true
		}
	}
	return false
}

// consumeNumber reads a number of a wire type; n is negative where there is none.
func consumeNumber(typ protowire.Type, b []byte) (u uint64, n int) {
	switch typ {
	case protowire.VarintType:
		return protowire.ConsumeVarint(b)
	case protowire.Fixed32Type:
		single, n := protowire.ConsumeFixed32(b)
		return uint64(single), n
	}
	return protowire.ConsumeFixed64(b)
}

// problem says in words why the value of the current field cannot be read from v.
func (m *Message) problem(v []byte) string {
	switch m.Typ {
	case protowire.VarintType:
		if len(v) < 10 {
			return fmt.Sprintf("field %d: truncated varint", m.Num)
		}
		return fmt.Sprintf("field %d: varint of more than 64 bits", m.Num)
	case protowire.BytesType:
		if n, k := protowire.ConsumeVarint(v); k > 0 {
			left := int64(len(v) - k)
			if len(v) == cap(v) {
				left += m.in.Missing
			}
			return fmt.Sprintf("field %d: truncated: %d bytes announced, %d left", m.Num, n, left)
		}
		return fmt.Sprintf("field %d: truncated length", m.Num)
	case protowire.Fixed32Type, protowire.Fixed64Type:
		return fmt.Sprintf("field %d: truncated number", m.Num)
	case protowire.StartGroupType:
		return fmt.Sprintf("field %d: group without end", m.Num)
	}
	return fmt.Sprintf("field %d: wire type %d", m.Num, m.Typ)
}

func (m *Message) fail(at []byte, text string) {
	if m.Err == nil {
		m.Err = fmt.Errorf("byte %d: %s", m.place(at), text)
	}
}

// want reports whether the current field has the wire type its number calls for.
func (m *Message) want(typ protowire.Type) bool {
	if m.Typ == typ {
		return true
	}
	m.fail(m.rest, fmt.Sprintf("field %d ends here with wire type %d, want %d", m.Num, m.Typ, typ))
	return false
}

// Bytes is the value of a length-delimited field; nil, and an error of the walk, where the current field is none.
func (m *Message) Bytes() []byte {
	if !m.want(protowire.BytesType) {
		return nil
	}
	return m.Val
}

// Varint is the value of an integer field; 0, and an error of the walk, where the current field is none.
func (m *Message) Varint() int64 {
	if !m.want(protowire.VarintType) {
		return 0
	}
	return int64(m.N)
}

// Float is the value of a 32-bit field; 0, and an error of the walk, where the current field is none.
func (m *Message) Float() float32 {
	if !m.want(protowire.Fixed32Type) {
		return 0
	}
	return math.Float32frombits(uint32(m.N))
}

// Numbers visits the elements of a repeated field of numbers of a wire type: one, or all that are packed into the field.
func (m *Message) Numbers(typ protowire.Type, visit func(uint64)) {
	if m.Typ != protowire.BytesType {
		m.want(typ)
		visit(m.N)
		return
	}
	for b := m.Val; len(b) > 0; {
		u, n := consumeNumber(typ, b)
		if n < 0 {
			m.fail(b, fmt.Sprintf("field %d: truncated number", m.Num))
			return
		}
		visit(u)
		b = b[n:]
	}
}

// Ints appends the elements of a repeated integer field.
func (m *Message) Ints(dst []int64) []int64 {
	m.Numbers(protowire.VarintType, func(u uint64) { dst = append(dst, int64(u)) })
	return dst
}

// Floats appends the elements of a repeated field of 32-bit floating-point numbers.
func (m *Message) Floats(dst []float32) []float32 {
	m.Numbers(protowire.Fixed32Type, func(u uint64) { dst = append(dst, math.Float32frombits(uint32(u))) })
	return dst
}

// Doubles appends the elements of a repeated field of 64-bit floating-point numbers.
func (m *Message) Doubles(dst []float64) []float64 {
	m.Numbers(protowire.Fixed64Type, func(u uint64) { dst = append(dst, math.Float64frombits(u)) })
	return dst
}

// Elements is how many elements the current field holds of a repeated scalar of that width: 0 bits stand for varints.
func (m *Message) Elements(width int) int {
	switch {
	case m.Typ != protowire.BytesType:
		return 1
	case width > 0:
		return len(m.Val) / (width / 8)
	}
	return varints(m.Val)
}

// varints counts the bytes that end a varint.
func varints(b []byte) int {
	n := 0
	for len(b) >= 8 {
		n += bits.OnesCount64(^binary.LittleEndian.Uint64(b) & 0x8080808080808080)
		b = b[8:]
	}
	for _, c := range b {
		if c < 0x80 {
			n++
		}
	}
	return n
}

// Counts is how often each field number below its length occurs in a message.
type Counts [24]int

// Count fills c and reports false where the message is malformed; the walk that follows says why.
func (m Message) Count(c *Counts) bool {
	for m.Next() {
		if int(m.Num) < len(c) {
			c[m.Num]++
		}
	}
	return m.Err == nil
}
