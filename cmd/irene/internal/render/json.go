package render

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/irene-onnx/irene/graph"
)

// JSON builds a JSON text. It is a few times faster than encoding/json, and members stand in the order they are
// written. Commas are its own business: every member and element begins by asking for one.
type JSON struct {
	Buf   []byte
	Comma bool
}

// Bytes is what was written.
func (j *JSON) Bytes() []byte { return j.Buf }

// Open begins an object or an array.
func (j *JSON) Open(bracket byte) {
	j.separate()
	j.Buf = append(j.Buf, bracket)
	j.Comma = false
}

// Close ends what Open began.
func (j *JSON) Close(bracket byte) {
	j.Buf = append(j.Buf, bracket)
	j.Comma = true
}

// Line breaks the line, for texts that people read and tools compare line by line.
func (j *JSON) Line() {
	if j.Comma {
		j.Buf = append(j.Buf, ',')
		j.Comma = false
	}
	j.Buf = append(j.Buf, '\n')
}

// End breaks the line without beginning another element.
func (j *JSON) End() { j.Buf = append(j.Buf, '\n') }

// Key begins a member of an object.
func (j *JSON) Key(name string) {
	j.separate()
	j.quote(name)
	j.Buf = append(j.Buf, ':', ' ')
	j.Comma = false
}

// Str writes a string.
func (j *JSON) Str(s string) {
	j.separate()
	j.quote(s)
}

// Int writes an integer.
func (j *JSON) Int(n int64) {
	j.separate()
	j.Buf = strconv.AppendInt(j.Buf, n, 10)
}

// Bool writes a truth value.
func (j *JSON) Bool(v bool) {
	j.separate()
	j.Buf = strconv.AppendBool(j.Buf, v)
}

// Null writes null.
func (j *JSON) Null() {
	j.separate()
	j.Buf = append(j.Buf, "null"...)
}

// Float writes a number; null where it is not finite.
func (j *JSON) Float(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		j.Null()
		return
	}
	j.separate()
	j.Buf = strconv.AppendFloat(j.Buf, v, 'g', -1, 64)
}

// Dim writes an integer where d is one, else its expression; null where it is unknown.
func (j *JSON) Dim(d graph.Dim) {
	if n, ok := d.Const(); ok {
		j.Int(n)
		return
	}
	if d.IsUnknown() {
		j.Null()
		return
	}
	j.Str(d.String())
}

// Strs writes an array of strings.
func (j *JSON) Strs(list []string) {
	j.Open('[')
	for _, s := range list {
		j.Str(s)
	}
	j.Close(']')
}

func (j *JSON) separate() {
	if j.Comma {
		j.Buf = append(j.Buf, ',', ' ')
	}
	j.Comma = true
}

const hexDigits = "0123456789abcdef"

// quote writes s as a JSON string; bytes that are no UTF-8 become U+FFFD.
func (j *JSON) quote(s string) {
	b := append(j.Buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size, text := 1, ""
		switch {
		case c == '"' || c == '\\':
			text = `\` + string(c)
		case c == '\n':
			text = `\n`
		case c == '\t':
			text = `\t`
		case c < ' ':
			text = `\u00` + string(hexDigits[c>>4]) + string(hexDigits[c&15])
		default:
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			text = "\uFFFD"
		}
		b = append(append(b, s[start:i]...), text...)
		i += size
		start = i
	}
	j.Buf = append(append(b, s[start:]...), '"')
}

func (j *JSON) Floats(list []float64) {
	j.Open('[')
	for _, v := range list {
		j.Float(v)
	}
	j.Close(']')
}

func (j *JSON) Ints(list []int) {
	j.Open('[')
	for _, n := range list {
		j.Int(int64(n))
	}
	j.Close(']')
}

// Raw writes an array of elements that are JSON already.
func (j *JSON) Raw(list []string) {
	j.Open('[')
	for _, s := range list {
		j.Line()
		j.separate()
		j.Buf = append(j.Buf, s...)
	}
	j.Close(']')
}
