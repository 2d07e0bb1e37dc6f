package graph

import (
	"strconv"
	"strings"
)

// ParseDim reads a dim_param: a name, or an expression as exporters write them (sympy text, Python syntax) with
// + - * / // % **, parentheses and the functions floor, int, ceiling, sqrt, IntTrueDiv, FloorDiv, Mod, Min, Max and their
// like. A quotient or root that nothing rounds is rounded down. Text that is no expression, or one past the budget of
// expressions, becomes one symbol of that whole name, equal to itself.
func ParseDim(text string) Dim {
	text = strings.TrimSpace(text)
	if plainName(text) {
		return Symbol(text)
	}
	p := dimParser{s: text}
	r, ok := p.sum()
	p.space()
	if !ok || p.i != len(p.s) {
		return Symbol(text)
	}
	if d := r.Floor(); !d.IsUnknown() {
		return d
	}
	return Symbol(text)
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

// sum reads terms. Every rule fails as soon as a part is unknown.
func (p *dimParser) sum() (Ratio, bool) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > 100 {
		return Ratio{}, false
	}
	x, ok := p.product()
	for ok {
		var y Ratio
		switch {
		case p.take("+"):
			if y, ok = p.product(); ok {
				x = x.Add(y)
			}
		case p.take("-"):
			if y, ok = p.product(); ok {
				x = x.Sub(y)
			}
		default:
			return x, true
		}
		ok = ok && !x.IsUnknown()
	}
	return Ratio{}, false
}

func (p *dimParser) product() (Ratio, bool) {
	x, ok := p.unary()
	for ok {
		var y Ratio
		switch {
		case p.take("//"):
			if y, ok = p.unary(); ok {
				x = x.Quo(y).Floor().Ratio()
			}
		case p.take("/"):
			if y, ok = p.unary(); ok {
				x = x.Quo(y)
			}
		case p.take("%"):
			if y, ok = p.unary(); ok {
				x = x.Floor().Mod(y.Floor()).Ratio()
			}
		case p.take("*"):
			if y, ok = p.unary(); ok {
				x = x.Mul(y)
			}
		default:
			return x, true
		}
		ok = ok && !x.IsUnknown()
	}
	return Ratio{}, false
}

func (p *dimParser) unary() (Ratio, bool) {
	if p.depth++; p.depth > 200 {
		return Ratio{}, false
	}
	defer func() { p.depth-- }()
	if p.take("-") {
		x, ok := p.unary()
		return Const(-1).Ratio().Mul(x), ok
	}
	x, ok := p.primary()
	if ok && p.take("**") {
		var e Ratio
		if e, ok = p.unary(); ok {
			x = x.Power(e)
		}
	}
	return x, ok && !x.IsUnknown()
}

func (p *dimParser) primary() (Ratio, bool) {
	p.space()
	if p.take("(") {
		x, ok := p.sum()
		return x, ok && p.take(")")
	}
	start := p.i
	for p.i < len(p.s) && isNameByte(p.s[p.i]) {
		p.i++
	}
	word := p.s[start:p.i]
	switch {
	case word == "":
		return Ratio{}, false
	case !isLetter(word[0]):
		return decimal(word)
	case p.take("("):
		return p.call(word)
	}
	return Symbol(word).Ratio(), true
}

// decimal reads an integer, or a number with digits behind a point.
func decimal(word string) (Ratio, bool) {
	whole, part, _ := strings.Cut(word, ".")
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil {
		return Ratio{}, false
	}
	x := Const(n).Ratio().Quo(Const(10).Pow(int64(len(part))).Ratio())
	return x, !x.IsUnknown()
}

// call reads the arguments of a function whose opening parenthesis is consumed.
func (p *dimParser) call(name string) (Ratio, bool) {
	var args []Ratio
	for {
		x, ok := p.sum()
		if !ok {
			return Ratio{}, false
		}
		args = append(args, x)
		if p.take(",") {
			continue
		}
		break
	}
	if !p.take(")") {
		return Ratio{}, false
	}
	name = strings.ToLower(name)
	if f := unaryFunctions[name]; f != nil && len(args) == 1 {
		x := f(args[0])
		return x, !x.IsUnknown()
	}
	f := binaryFunctions[name]
	if f == nil || len(args) < 2 {
		return Ratio{}, false
	}
	x := args[0]
	for _, y := range args[1:] {
		x = f(x, y)
	}
	return x, !x.IsUnknown()
}

// unaryFunctions are the functions of one number, as sympy, Python and PyTorch call them.
var unaryFunctions = map[string]func(Ratio) Ratio{
	"floor": roundDown, "int": roundDown, "trunctoint": roundDown, "floortoint": roundDown,
	"ceiling": roundUp, "ceil": roundUp, "ceiltoint": roundUp,
	"sqrt": Ratio.Sqrt, "opaqueunaryfn_sqrt": Ratio.Sqrt,
	"tofloat": func(x Ratio) Ratio { return x },
}

// binaryFunctions are the functions of two numbers; more arguments are folded from the left.
var binaryFunctions = map[string]func(x, y Ratio) Ratio{
	"inttruediv": Ratio.Quo, "floattruediv": Ratio.Quo, "truediv": Ratio.Quo,
	"floordiv": func(x, y Ratio) Ratio { return x.Quo(y).Floor().Ratio() }, "cleandiv": func(x, y Ratio) Ratio { return x.Quo(y).Floor().Ratio() },
	"ceildiv": func(x, y Ratio) Ratio { return x.Quo(y).Ceil().Ratio() },
	"mod":     ofIntegers(Dim.Mod), "pythonmod": ofIntegers(Dim.Mod),
	"min": ofIntegers(Dim.Min), "max": ofIntegers(Dim.Max),
}

func roundDown(x Ratio) Ratio { return x.Floor().Ratio() }

func roundUp(x Ratio) Ratio { return x.Ceil().Ratio() }

// ofIntegers is a function of integers on numbers, which are rounded down.
func ofIntegers(f func(x, y Dim) Dim) func(x, y Ratio) Ratio {
	return func(x, y Ratio) Ratio { return f(x.Floor(), y.Floor()).Ratio() }
}
