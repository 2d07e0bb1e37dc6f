package render

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/irene-onnx/irene/graph"
)

// Number is a number that is null in JSON where it is not finite, which is how numbers that are not known are written.
// It has all its digits.
type Number float64

// Text is a text that is null in JSON where it is empty.
type Text string

// Index is a place in a list; null in JSON where it is negative, which stands for none.
type Index int

// Members is a JSON object whose members are not fixed, in an order of their own.
type Members[T any] []Member[T]

// Member is one member of Members.
type Member[T any] struct {
	Name  string
	Value T
}

func (Members[T]) brackets() string { return "{}" }

// Tuple makes a struct that embeds it a JSON array of its fields.
type Tuple struct{}

// WriteJSON writes a value as JSON by the json tags of its structs, as encoding/json does; it is several times faster, and
// breaks lines for people and for tools that compare line by line: where a lines tag says "before", the line breaks
// before the member, where it says "each", before every element of it. Numbers that are not finite and nil pointers are
// null, nil slices empty lists. The error is the writer's.
func WriteJSON[T any](w io.Writer, v *T) error {
	c := &encoders{w: w, structs: map[reflect.Type]*encoder{}}
	b := c.of(reflect.TypeFor[T]())(make([]byte, 0, 2*flushAt), reflect.ValueOf(v).Elem())
	c.flush(append(b, '\n'))
	return c.err
}

// JSON is the text that WriteJSON writes.
func JSON[T any](v *T) []byte {
	return append(Appender[T]()(nil, v), '\n')
}

// Appender is the function that appends values of a type as JSON.
func Appender[T any]() func(b []byte, v *T) []byte {
	c := &encoders{structs: map[reflect.Type]*encoder{}}
	encode := c.of(reflect.TypeFor[T]())
	return func(b []byte, v *T) []byte { return encode(b, reflect.ValueOf(v).Elem()) }
}

// encoder appends an addressable value.
type encoder func(b []byte, v reflect.Value) []byte

// encoders makes encoders of types.
type encoders struct {
	structs map[reflect.Type]*encoder // which may contain themselves
	w       io.Writer                 // takes what is written of a long text; nil for none
	err     error
}

// flushAt is how much text is kept back, in bytes.
const flushAt = 1 << 16

func (c *encoders) flush(b []byte) []byte {
	if c.err == nil {
		_, c.err = c.w.Write(b)
	}
	return b[:0]
}

func (c *encoders) of(t reflect.Type) encoder {
	switch t {
	case reflect.TypeFor[graph.Dim]():
		return func(b []byte, v reflect.Value) []byte { return appendDim(b, v.Addr().Interface().(*graph.Dim)) }
	case reflect.TypeFor[graph.DType]():
		return func(b []byte, v reflect.Value) []byte { return appendDType(b, graph.DType(v.Uint())) }
	case reflect.TypeFor[*graph.Value]():
		return func(b []byte, v reflect.Value) []byte { return appendName(b, v.Interface().(*graph.Value)) }
	case reflect.TypeFor[Index]():
		return func(b []byte, v reflect.Value) []byte { return appendIndex(b, v.Int()) }
	case reflect.TypeFor[Text]():
		return func(b []byte, v reflect.Value) []byte { return appendText(b, v.String()) }
	}
	switch t.Kind() {
	case reflect.Struct:
		return c.structure(t)
	case reflect.Slice, reflect.Array:
		return c.list(t, false)
	case reflect.Pointer:
		elem := c.of(t.Elem())
		return func(b []byte, v reflect.Value) []byte {
			if v.IsNil() {
				return append(b, "null"...)
			}
			return elem(b, v.Elem())
		}
	case reflect.String:
		return func(b []byte, v reflect.Value) []byte { return appendString(b, v.String()) }
	case reflect.Bool:
		return func(b []byte, v reflect.Value) []byte { return strconv.AppendBool(b, v.Bool()) }
	case reflect.Float64:
		return func(b []byte, v reflect.Value) []byte { return appendFloat(b, v.Float()) }
	default: // an integer
		return func(b []byte, v reflect.Value) []byte { return strconv.AppendInt(b, v.Int(), 10) }
	}
}

// field is one member of a struct, or an embedded struct with its own ones.
type field struct {
	index    int
	name     string // as it stands in the text, with its colon
	line     bool   // breaks the line before it
	omitZero bool
	encode   encoder
	embedded []field
}

func (c *encoders) structure(t reflect.Type) encoder {
	if e := c.structs[t]; e != nil {
		return func(b []byte, v reflect.Value) []byte { return (*e)(b, v) }
	}
	e := new(encoder)
	c.structs[t] = e
	fields, brackets := c.fields(t), "{}"
	if f, ok := t.FieldByName("Tuple"); ok && f.Type == reflect.TypeFor[Tuple]() {
		brackets = "[]"
		for i := range fields {
			fields[i].name = ""
		}
	}
	*e = func(b []byte, v reflect.Value) []byte {
		b, _ = appendFields(append(b, brackets[0]), v, fields, true)
		return append(b, brackets[1])
	}
	return *e
}

func (c *encoders) fields(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" && f.Anonymous && f.Type.NumField() > 0 {
			out = append(out, field{index: i, embedded: c.fields(f.Type)})
		}
		if name == "" || name == "-" {
			continue
		}
		lines := f.Tag.Get("lines")
		e := field{index: i, name: strconv.Quote(name) + ": ", line: strings.Contains(lines, "before"), omitZero: option != ""}
		if strings.Contains(lines, "each") {
			e.encode = c.list(f.Type, true)
		} else {
			e.encode = c.of(f.Type)
		}
		out = append(out, e)
	}
	return out
}

// appendFields writes members of an object, and tells whether the next one is the first.
func appendFields(b []byte, v reflect.Value, fields []field, first bool) ([]byte, bool) {
	for i := range fields {
		f := &fields[i]
		switch x := v.Field(f.index); {
		case f.embedded != nil:
			b, first = appendFields(b, x, f.embedded, first)
		case f.omitZero && x.IsZero():
		default:
			b = f.encode(append(separate(b, first, f.line), f.name...), x)
			first = false
		}
	}
	return b, first
}

// separate begins a member or an element.
func separate(b []byte, first, line bool) []byte {
	switch {
	case first && line:
		return append(b, '\n')
	case first:
		return b
	case line:
		return append(b, ",\n"...)
	}
	return append(b, ", "...)
}

// list encodes the elements of a slice or array, or Members, if so wanted on a line each.
func (c *encoders) list(t reflect.Type, lines bool) encoder {
	brackets, elem := "[]", c.of(t.Elem())
	if m, ok := reflect.Zero(t).Interface().(interface{ brackets() string }); ok {
		brackets, elem = m.brackets(), c.member(t.Elem())
	}
	return func(b []byte, v reflect.Value) []byte {
		b = append(b, brackets[0])
		for i := range v.Len() {
			b = elem(separate(b, i == 0, lines), v.Index(i))
			if c.w != nil && len(b) >= flushAt {
				b = c.flush(b)
			}
		}
		return append(b, brackets[1])
	}
}

func (c *encoders) member(t reflect.Type) encoder {
	value := c.of(t.Field(1).Type)
	return func(b []byte, v reflect.Value) []byte {
		b = append(appendString(b, v.Field(0).String()), ": "...)
		return value(b, v.Field(1))
	}
}

func appendFloat(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

func appendIndex(b []byte, i int64) []byte {
	if i < 0 {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, i, 10)
}

func appendText(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

// appendDim writes an integer where d is one, else its expression; null where it is unknown.
func appendDim(b []byte, d *graph.Dim) []byte {
	if n, ok := d.Const(); ok {
		return strconv.AppendInt(b, n, 10)
	}
	if d.IsUnknown() {
		return append(b, "null"...)
	}
	return appendString(b, d.String())
}

// appendName writes the name of a value; "" for an absent one.
func appendName(b []byte, v *graph.Value) []byte {
	if v == nil {
		return append(b, `""`...)
	}
	return appendString(b, v.Name)
}

func appendDType(b []byte, t graph.DType) []byte {
	if t == graph.Undefined {
		return append(b, "null"...)
	}
	return appendString(b, t.String())
}

// appendShown appends JSON with escapes for what it may hold and a terminal may not.
func appendShown(b, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if c := text[:n]; !isHidden(r) {
			b = append(b, c...)
		} else if r < 0x10000 {
			b = fmt.Appendf(b, `\u%04x`, r)
		} else {
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		}
		text = text[n:]
	}
	return b
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, _ := json.Marshal(s) // a string has no way to fail
			return appendShown(b, text)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
