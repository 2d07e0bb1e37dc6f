package graph

import (
	"strconv"
	"strings"
)

// ParseDim reads a dim_param: a name, or an expression as exporters write them (sympy text, Python syntax) with
// + - * / // % **, parentheses and the functions floor, ceiling, CeilToInt, IntTrueDiv, FloorDiv, Mod, Min, Max.
// Text that is no expression becomes one symbol of that whole name, equal to itself.
func ParseDim(text string) Dim {
	text = strings.TrimSpace(text)
	if plainName(text) {
		return Symbol(text)
	}
	p := dimParser{s: text}
	d, ok := p.sum()
	p.space()
	if !ok || p.i != len(p.s) || d.IsUnknown() {
		return Symbol(text)
	}
	return d
}

// plainName reports whether text is to be read as one name: letters, digits and the marks that occur in names, a
// hyphen without spaces around it included (batch-size is a name, batch - size is not).
func plainName(text string) bool {
	for i := range len(text) {
		c := text[i]
		switch {
		case isNameByte(c):
		case c == '-' && i > 0 && isLetter(text[0]) && i+1 < len(text) && isLetter(text[i+1]) && text[i-1] != ' ':
		default:
			return false
		}
	}
	return text != "" && isLetter(text[0])
}

func isLetter(c byte) bool { return c|32 >= 'a' && c|32 <= 'z' || c == '_' || c >= 0x80 }

func isNameByte(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' || c == '.' || c == ':' }

// dimParser is a recursive-descent parser; depth bounds its recursion.
type dimParser struct {
	s     string
	i     int
	depth int
}

func (p *dimParser) space() {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
}

// take consumes tok if it comes next.
func (p *dimParser) take(tok string) bool {
	p.space()
	if strings.HasPrefix(p.s[p.i:], tok) {
		p.i += len(tok)
		return true
	}
	return false
}

func (p *dimParser) sum() (Dim, bool) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > 100 {
		return Dim{}, false
	}
	d, ok := p.product()
	for ok {
		var r Dim
		switch {
		case p.take("+"):
			r, ok = p.product()
			d = d.Add(r)
		case p.take("-"):
			r, ok = p.product()
			d = d.Sub(r)
		default:
			return d, true
		}
	}
	return Dim{}, false
}

func (p *dimParser) product() (Dim, bool) {
	d, ok := p.unary()
	for ok {
		var r Dim
		switch {
		case p.take("//"), p.take("/"):
			r, ok = p.unary()
			d = d.FloorDiv(r)
		case p.take("%"):
			r, ok = p.unary()
			d = d.Mod(r)
		case p.s[p.i:] != "" && !strings.HasPrefix(p.s[p.i:], "**") && p.take("*"):
			r, ok = p.unary()
			d = d.Mul(r)
		default:
			return d, true
		}
	}
	return Dim{}, false
}

func (p *dimParser) unary() (Dim, bool) {
	if p.depth++; p.depth > 200 {
		return Dim{}, false
	}
	defer func() { p.depth-- }()
	if p.take("-") {
		d, ok := p.unary()
		return Const(0).Sub(d), ok
	}
	d, ok := p.primary()
	if ok && p.take("**") {
		e, okE := p.unary()
		n, isConst := e.Const()
		return d.Pow(n), okE && isConst && n >= 0
	}
	return d, ok
}

func (p *dimParser) primary() (Dim, bool) {
	p.space()
	if p.take("(") {
		d, ok := p.sum()
		return d, ok && p.take(")")
	}
	start := p.i
	for p.i < len(p.s) && isNameByte(p.s[p.i]) {
		p.i++
	}
	word := p.s[start:p.i]
	if word == "" {
		return Dim{}, false
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return Const(n), true
	}
	if !isLetter(word[0]) {
		return Dim{}, false
	}
	if p.take("(") {
		return p.call(word)
	}
	return Symbol(word), true
}

// call reads the arguments of a function whose opening parenthesis is consumed.
func (p *dimParser) call(name string) (Dim, bool) {
	name = strings.ToLower(name)
	if name == "ceiltoint" || name == "ceiling" || name == "ceil" {
		return p.ceiling()
	}
	var args []Dim
	for {
		d, ok := p.sum()
		if !ok {
			return Dim{}, false
		}
		args = append(args, d)
		if p.take(",") {
			continue
		}
		break
	}
	if !p.take(")") {
		return Dim{}, false
	}
	switch {
	case len(args) == 1 && (name == "floor" || name == "trunctoint" || name == "floortoint" || name == "int"):
		return args[0], true
	case len(args) < 2:
		return Dim{}, false
	}
	d := args[0]
	for _, a := range args[1:] {
		switch name {
		case "floordiv", "inttruediv", "cleandiv":
			d = d.FloorDiv(a)
		case "ceildiv":
			d = d.CeilDiv(a)
		case "mod", "pythonmod":
			d = d.Mod(a)
		case "min":
			d = d.Min(a)
		case "max":
			d = d.Max(a)
		default:
			return Dim{}, false
		}
	}
	return d, true
}

// ceiling reads the argument of a ceiling: a quotient, written a/b or IntTrueDiv(a, b), or an integer.
func (p *dimParser) ceiling() (Dim, bool) {
	save := p.i
	if p.take("IntTrueDiv(") {
		a, ok := p.sum()
		ok = ok && p.take(",")
		if !ok {
			return Dim{}, false
		}
		b, ok := p.sum()
		return a.CeilDiv(b), ok && p.take(")") && p.take(")")
	}
	a, ok := p.unary()
	if ok && !strings.HasPrefix(p.s[p.i:], "//") && p.take("/") {
		b, okB := p.unary()
		if okB && p.take(")") {
			return a.CeilDiv(b), true
		}
	}
	p.i = save
	d, ok := p.sum()
	return d, ok && p.take(")")
}
