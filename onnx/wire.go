package onnx

import (
	"fmt"
	"math"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"
)

// message walks over the fields of one protobuf message (https://protobuf.dev/programming-guides/encoding). Values
// alias the input. The first error ends the walk and stays in err.
type message struct {
	rest []byte
	size int // capacity of the whole input: it tells the position of any slice of it

	tag []byte // the message from the tag of the current field on
	num protowire.Number
	typ protowire.Type
	u   uint64 // value of a varint or fixed field
	val []byte // value of a length-delimited field
	err error
}

// next advances to the next field that is not a group; groups are skipped.
func (m *message) next() bool {
	for len(m.rest) > 0 && m.err == nil {
		b := m.rest
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			m.fail(b, "truncated or malformed tag")
			return false
		}
		m.tag, m.num, m.typ = b, num, typ
		v := b[n:]
		switch typ {
		case protowire.BytesType:
			m.val, n = protowire.ConsumeBytes(v)
		case protowire.VarintType, protowire.Fixed32Type, protowire.Fixed64Type:
			m.u, n = consumeNumber(typ, v)
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
func (m *message) problem(v []byte) string {
	switch m.typ {
	case protowire.VarintType:
		if len(v) < 10 {
			return fmt.Sprintf("field %d: truncated varint", m.num)
		}
		return fmt.Sprintf("field %d: varint of more than 64 bits", m.num)
	case protowire.BytesType:
		if n, k := protowire.ConsumeVarint(v); k > 0 {
			return fmt.Sprintf("field %d: truncated: %d bytes announced, %d left", m.num, n, len(v)-k)
		}
		return fmt.Sprintf("field %d: truncated length", m.num)
	case protowire.Fixed32Type, protowire.Fixed64Type:
		return fmt.Sprintf("field %d: truncated number", m.num)
	case protowire.StartGroupType:
		return fmt.Sprintf("field %d: group without end", m.num)
	}
	return fmt.Sprintf("field %d: wire type %d", m.num, m.typ)
}

func (m *message) fail(at []byte, text string) {
	if m.err == nil {
		m.err = fmt.Errorf("byte %d: %s", m.size-cap(at), text)
	}
}

// want reports whether the current field has the wire type its number calls for.
func (m *message) want(typ protowire.Type) bool {
	if m.typ == typ {
		return true
	}
	m.fail(m.rest, fmt.Sprintf("field %d ends here with wire type %d, want %d", m.num, m.typ, typ))
	return false
}

func (m *message) bytes() []byte {
	if !m.want(protowire.BytesType) {
		return nil
	}
	return m.val
}

func (m *message) varint() int64 {
	if !m.want(protowire.VarintType) {
		return 0
	}
	return int64(m.u)
}

func (m *message) float() float32 {
	if !m.want(protowire.Fixed32Type) {
		return 0
	}
	return math.Float32frombits(uint32(m.u))
}

// numbers visits the elements of a repeated field of numbers of a wire type: one, or all that are packed into the field.
func (m *message) numbers(typ protowire.Type, visit func(uint64)) {
	if m.typ != protowire.BytesType {
		m.want(typ)
		visit(m.u)
		return
	}
	for b := m.val; len(b) > 0; {
		u, n := consumeNumber(typ, b)
		if n < 0 {
			m.fail(b, fmt.Sprintf("field %d: truncated number", m.num))
			return
		}
		visit(u)
		b = b[n:]
	}
}

// ints appends the elements of a repeated integer field.
func (m *message) ints(dst []int64) []int64 {
	m.numbers(protowire.VarintType, func(u uint64) { dst = append(dst, int64(u)) })
	return dst
}

// floats appends the elements of a repeated field of 32-bit floating-point numbers.
func (m *message) floats(dst []float32) []float32 {
	m.numbers(protowire.Fixed32Type, func(u uint64) { dst = append(dst, math.Float32frombits(uint32(u))) })
	return dst
}

// doubles appends the elements of a repeated field of 64-bit floating-point numbers.
func (m *message) doubles(dst []float64) []float64 {
	m.numbers(protowire.Fixed64Type, func(u uint64) { dst = append(dst, math.Float64frombits(u)) })
	return dst
}

// elements is how many elements the current field holds of a repeated scalar of that width: 0 bits stand for varints.
func (m *message) elements(width int) int {
	switch {
	case m.typ != protowire.BytesType:
		return 1
	case width > 0:
		return len(m.val) / (width / 8)
	}
	return varints(m.val)
}

// varints counts the bytes that end a varint.
func varints(b []byte) int {
	n := 0
	for len(b) >= 8 {
		u := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		n += bits.OnesCount64(^u & 0x8080808080808080)
		b = b[8:]
	}
	for _, c := range b {
		if c < 0x80 {
			n++
		}
	}
	return n
}

// counts is how often each field number below its length occurs in a message.
type counts [24]int

// count fills c and reports false where the message is malformed; the walk that follows says why.
func (m message) count(c *counts) bool {
	for m.next() {
		if int(m.num) < len(c) {
			c[m.num]++
		}
	}
	return m.err == nil
}

// find returns the last string field of that number, however broken the message is; it serves error texts.
func (m message) find(num protowire.Number) string {
	s := ""
	for m.next() {
		if m.num == num && m.typ == protowire.BytesType {
			s = clip(string(m.val[:min(len(m.val), maxShown+1)]))
		}
	}
	return s
}
