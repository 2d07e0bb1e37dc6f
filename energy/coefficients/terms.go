package coefficients

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// TermValues holds one number per term.
type TermValues [NumTerms]float64

// MarshalJSON writes the terms by name.
func (v TermValues) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, x := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%.6g", Term(i).String(), x)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// UnmarshalJSON reads the terms by name and refuses names it does not know.
func (v *TermValues) UnmarshalJSON(text []byte) error {
	var m map[string]float64
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	for name, x := range m {
		i := slices.Index(TermNames[:], name)
		if i < 0 {
			return fmt.Errorf("unknown term %q", name)
		}
		if x < 0 || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("term %q is %v: coefficients are finite and not negative", name, x)
		}
		v[i] = x
	}
	return nil
}

// Term is one quantity that energy and time are linear in.
type Term int

// The terms of the model. Their order is the order of a coefficient file.
const (
	FLOPs    Term = iota // floating-point operations of products, 2 per multiply-accumulate
	WavesL               // the same, rounded up to whole waves of 128×128 tiles on the device's multiprocessors
	WavesM               // of 128×64 tiles
	WavesS               // of 64×64 tiles
	Bytes                // read and written
	Launches             // kernels
	NumTerms
)

// TermNames names the terms as files of coefficients do.
var TermNames = [NumTerms]string{"flops", "waves_128x128", "waves_128x64", "waves_64x64", "bytes", "launches"}

// String is the term's name in coefficient files.
func (t Term) String() string { return TermNames[t] }

// Tiles are the blocks of a product that one thread block computes, by the term that counts their waves.
var Tiles = map[Term][2]float64{WavesL: {128, 128}, WavesM: {128, 64}, WavesS: {64, 64}}
