package onnxgo

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/onnx/internal/wire"
)

// walk visits the fields of a message; groups are left out.
func walk(b []byte, visit func(f *wire.Message) error) error {
	m := wire.Whole(b)
	for m.Next() {
		if err := visit(&m); err != nil {
			return err
		}
	}
	if m.Err != nil {
		return fmt.Errorf("malformed message: %w", m.Err)
	}
	return nil
}

// bytesOf returns the content of a length-delimited field of that number.
func bytesOf(f *wire.Message, num protowire.Number) ([]byte, bool) {
	return f.Val, f.Num == num && f.Typ == protowire.BytesType
}

func appendBytes(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

func appendVarint(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}
