package onnx

import (
	"bufio"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/irene-onnx/irene/graph"
)

// pieces are parts of the output that follow each other: slices of the input, and what is new between them.
type pieces struct {
	list [][]byte
	size int
}

func (p *pieces) add(b []byte) {
	if len(b) > 0 {
		p.list = append(p.list, b)
		p.size += len(b)
	}
}

// write writes the parts one after the other.
func (p *pieces) write(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	for _, b := range p.list {
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}

// message puts what was written elsewhere into a field.
func (p *pieces) message(num protowire.Number, inner pieces) {
	head := protowire.AppendTag(nil, num, protowire.BytesType)
	p.add(protowire.AppendVarint(head, uint64(inner.size)))
	p.list = append(p.list, inner.list...)
	p.size += inner.size
}

// bytes writes a length-delimited field; long values are not copied.
func (p *pieces) bytes(num protowire.Number, b []byte) {
	head := protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.BytesType), uint64(len(b)))
	if len(b) <= 256 {
		p.add(append(head, b...))
		return
	}
	p.add(head)
	p.add(b)
}

// string writes a string that is not empty.
func (p *pieces) string(num protowire.Number, s string) {
	if s != "" {
		p.bytes(num, []byte(s))
	}
}

func (p *pieces) varint(num protowire.Number, n int64) {
	p.add(protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), uint64(n)))
}

func (p *pieces) float(num protowire.Number, x float32) {
	p.add(protowire.AppendFixed32(protowire.AppendTag(nil, num, protowire.Fixed32Type), math.Float32bits(x)))
}

// properties writes StringStringEntryProtos.
func (p *pieces) properties(num protowire.Number, list []graph.Property) {
	for _, e := range list {
		var entry pieces
		entry.bytes(1, []byte(e.Key))
		entry.bytes(2, []byte(e.Value))
		p.message(num, entry)
	}
}
