package onnxgo

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message: the number of a varint, the bits of a fixed-size one, or bytes.
type field struct {
	num protowire.Number
	typ protowire.Type
	raw []byte // tag and value
	val []byte // content of a length-delimited field
	n   uint64
}

// walk visits the fields of a message; groups are left out.
func walk(b []byte, visit func(f field) error) error {
	for len(b) > 0 {
		num, typ, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return fmt.Errorf("malformed message: %w", protowire.ParseError(tag))
		}
		n := protowire.ConsumeFieldValue(num, typ, b[tag:])
		if n < 0 {
			return fmt.Errorf("malformed message: field %d: %w", num, protowire.ParseError(n))
		}
		f := field{num: num, typ: typ, raw: b[:tag+n]}
		switch typ {
		case protowire.BytesType:
			f.val, _ = protowire.ConsumeBytes(b[tag:])
		case protowire.VarintType:
			f.n, _ = protowire.ConsumeVarint(b[tag:])
		case protowire.Fixed32Type:
			v, _ := protowire.ConsumeFixed32(b[tag:])
			f.n = uint64(v)
		case protowire.Fixed64Type:
			f.n, _ = protowire.ConsumeFixed64(b[tag:])
		}
		b = b[tag+n:]
		if typ == protowire.StartGroupType || typ == protowire.EndGroupType {
			continue
		}
		if err := visit(f); err != nil {
			return err
		}
	}
	return nil
}

// bytesOf returns the content of a length-delimited field of that number.
func (f field) bytesOf(num protowire.Number) ([]byte, bool) {
	return f.val, f.num == num && f.typ == protowire.BytesType
}

// numbers appends the elements of a repeated scalar field, packed or not.
func (f field) numbers(to []uint64, elem protowire.Type) ([]uint64, error) {
	if f.typ == elem {
		return append(to, f.n), nil
	}
	if f.typ != protowire.BytesType {
		return to, fmt.Errorf("field %d: wire type %d", f.num, f.typ)
	}
	for b := f.val; len(b) > 0; {
		var v uint64
		var n int
		switch elem {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var w uint32
			w, n = protowire.ConsumeFixed32(b)
			v = uint64(w)
		default:
			v, n = protowire.ConsumeFixed64(b)
		}
		if n < 0 {
			return to, fmt.Errorf("field %d: %w", f.num, protowire.ParseError(n))
		}
		to, b = append(to, v), b[n:]
	}
	return to, nil
}

func appendBytes(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

func appendVarint(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}
