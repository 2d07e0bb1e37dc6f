package graph

// The budget of an expression, many times what models need. A result past it is unknown, so that arithmetic on dims
// takes no more time and memory than the file that asks for it has bytes.
const (
	maxTerms    = 512     // of a sum
	maxPairs    = 1024    // products of two terms that a multiplication forms
	maxShifted  = 256     // terms that a bound by substitution forms
	maxDegree   = 64      // factors of a term
	maxNesting  = 32      // operations within operations
	maxText     = 1 << 14 // bytes of a sum as text, what occurs twice counted twice
	maxAtomText = 1 << 11 // bytes of an operation as text
)

// measure fills in how much of the budget a sum takes, and reports whether that is all it may.
func (p *poly) measure() bool {
	if len(p.terms) > maxTerms || degree(p.terms[0].mono) > maxDegree {
		return false
	}
	for _, t := range p.terms {
		p.text += len(" + 10")
		for _, f := range t.mono {
			p.text += len("*()") + f.atom.text
			p.nesting = max(p.nesting, f.atom.nesting)
		}
	}
	return p.text <= maxText
}

// size is the text and the nesting of d.
func (d Dim) size() (text, nesting int) {
	if d.kind() != dimExpr {
		return len("-10"), 0
	}
	return d.e.text, d.e.nesting
}
