package analysis

import (
	"bytes"

	"github.com/irene-onnx/irene/graph"
)

// noteTied warns of tables that a file stores a second time as the weight of a matrix product: parameters that the
// network ties and the file does not.
func (a *Analysis) noteTied(reads []weightRead) {
	noted := map[*graph.Value]bool{}
	for _, table := range reads {
		if table.class != "gather" || noted[table.stored] {
			continue
		}
		for _, head := range reads {
			if head.class == "gemm" && head.stored != table.stored && !noted[head.stored] && sameMatrix(table.tensor, head.tensor) {
				noted[table.stored], noted[head.stored] = true, true
				a.warnf("%q and %q hold the same %d numbers: a tied weight that the file stores twice counts twice",
					table.stored.Name, head.stored.Name, table.n)
			}
		}
	}
}

// sameMatrix reports whether b is a or its transpose, by a sample of the elements where they are at hand.
func sameMatrix(a, b *graph.Tensor) bool {
	if len(a.Dims) != 2 || len(b.Dims) != 2 || a.DType != b.DType || a.Len() != b.Len() || a.Len() < 1<<16 {
		return false
	}
	size := a.DType.Bits() / 8
	if size == 0 || a.DType.Bits()%8 != 0 || !embedded(a) || !embedded(b) {
		return false
	}
	at := func(t *graph.Tensor, i, j int64) []byte { return element(t, size*(i*t.Dims[1]+j), size) }
	sample := func(transposed bool) bool {
		first, varied := at(a, 0, 0), false
		for k := range int64(256) {
			i, j := k*7919%a.Dims[0], k*104729%a.Dims[1]
			x, y := at(a, i, j), []byte(nil)
			if transposed {
				y = at(b, j, i)
			} else {
				y = at(b, i, j)
			}
			if x == nil || !bytes.Equal(x, y) {
				return false
			}
			varied = varied || !bytes.Equal(x, first)
		}
		return varied
	}
	return a.Dims[0] == b.Dims[0] && a.Dims[1] == b.Dims[1] && sample(false) ||
		a.Dims[0] == b.Dims[1] && a.Dims[1] == b.Dims[0] && sample(true)
}

// embedded reports whether the elements of a tensor lie in the model's file and can be had.
func embedded(t *graph.Tensor) bool {
	return t.External == nil && !t.Sparse && (t.Load != nil || int64(len(t.Raw)) >= t.DType.Size(t.Len()))
}

// element is one element of a tensor, nil where it cannot be read.
func element(t *graph.Tensor, at, size int64) []byte {
	if t.Raw != nil {
		return t.Raw[at : at+size]
	}
	b, err := t.Load(at, size)
	if err != nil {
		return nil
	}
	return b
}
