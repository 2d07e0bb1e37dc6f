package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// python evaluates the expressions of irene formula: Python's arithmetic on names, with functions. A name is bound to a
// number or to a record of numbers, whose fields are read as x.field.
type python struct {
	text  string
	names map[string]any // float64 or map[string]float64
	call  func(name string, args []any) any
}

// evaluate gives the value of an expression; it panics on what is none.
func (p python) evaluate(text string) any {
	p.text = text
	v := p.comparison()
	if p.skip(); p.text != "" {
		panic(fmt.Sprintf("%q: rest %q", text, p.text))
	}
	return v
}

func (p python) number(text string) float64 { return p.evaluate(text).(float64) }

func (p *python) skip() { p.text = strings.TrimLeft(p.text, " ") }

// take reads the first of some operators that the text begins with.
func (p *python) take(operators ...string) string {
	p.skip()
	for _, op := range operators {
		if strings.HasPrefix(p.text, op) {
			p.text = p.text[len(op):]
			return op
		}
	}
	return ""
}

func (p *python) comparison() any {
	x := p.sum()
	truth := func(b bool) any {
		if b {
			return 1.0
		}
		return 0.0
	}
	switch op := p.take("<=", ">=", "==", "<", ">"); op {
	case "":
		return x
	case "<=":
		return truth(x.(float64) <= p.sum().(float64))
	case ">=":
		return truth(x.(float64) >= p.sum().(float64))
	case "==":
		return truth(x.(float64) == p.sum().(float64))
	case "<":
		return truth(x.(float64) < p.sum().(float64))
	default:
		return truth(x.(float64) > p.sum().(float64))
	}
}

func (p *python) sum() any {
	x := p.product()
	for {
		switch p.take("+", "-") {
		case "+":
			x = x.(float64) + p.product().(float64)
		case "-":
			x = x.(float64) - p.product().(float64)
		default:
			return x
		}
	}
}

func (p *python) product() any {
	x := p.signed()
	for {
		switch p.take("//", "*", "/", "%") {
		case "//":
			x = math.Floor(x.(float64) / p.signed().(float64))
		case "*":
			x = x.(float64) * p.signed().(float64)
		case "/":
			x = x.(float64) / p.signed().(float64)
		case "%":
			y, z := x.(float64), p.signed().(float64)
			x = y - z*math.Floor(y/z)
		default:
			return x
		}
	}
}

func (p *python) signed() any {
	if p.take("-") != "" {
		return -p.signed().(float64)
	}
	x := p.atom()
	if p.take("**") != "" {
		return math.Pow(x.(float64), p.signed().(float64))
	}
	return x
}

func (p *python) atom() any {
	if p.take("(") != "" {
		x := p.comparison()
		p.expect(")")
		return x
	}
	p.skip()
	if p.text != "" && p.text[0] >= '0' && p.text[0] <= '9' {
		return p.literal()
	}
	name := p.name()
	if p.take("(") == "" {
		return p.lookup(name)
	}
	var args []any
	for p.take(")") == "" {
		if len(args) > 0 {
			p.expect(",")
		}
		args = append(args, p.comparison())
	}
	return p.called(name, args)
}

func (p *python) expect(op string) {
	if p.take(op) == "" {
		panic(fmt.Sprintf("want %s before %q", op, p.text))
	}
}

func (p *python) literal() any {
	n := 0
	for n < len(p.text) && (strings.ContainsRune("0123456789.e", rune(p.text[n])) || strings.ContainsRune("+-", rune(p.text[n])) && p.text[n-1] == 'e') {
		n++
	}
	v, err := strconv.ParseFloat(p.text[:n], 64)
	if err != nil {
		panic(err)
	}
	p.text = p.text[n:]
	return v
}

func (p *python) name() string {
	n := strings.IndexFunc(p.text+" ", func(r rune) bool {
		return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	name := p.text[:n]
	p.text = p.text[n:]
	return name
}

func (p *python) lookup(name string) any {
	if record, field, ok := strings.Cut(name, "."); ok {
		return p.names[record].(map[string]float64)[field]
	}
	v, ok := p.names[name]
	if !ok {
		panic(fmt.Sprintf("no value for %q before %q", name, p.text))
	}
	return v
}

// called calls a function of mathematics, or one of the law's.
func (p *python) called(name string, args []any) any {
	var x []float64
	for _, a := range args {
		if v, ok := a.(float64); ok {
			x = append(x, v)
		}
	}
	switch name {
	case "min", "max":
		best := x[0]
		for _, v := range x[1:] {
			if name == "min" && v < best || name == "max" && v > best {
				best = v
			}
		}
		return best
	case "pow":
		return math.Pow(x[0], x[1])
	case "ceil":
		return math.Ceil(x[0])
	case "sqrt":
		return math.Sqrt(x[0])
	case "expm1":
		return math.Expm1(x[0])
	case "where":
		if x[0] != 0 {
			return x[1]
		}
		return x[2]
	}
	return p.call(name, args)
}
