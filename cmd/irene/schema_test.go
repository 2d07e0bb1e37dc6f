package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/irene-onnx/irene/cmd/irene/internal/compare"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/cmd/irene/internal/report"
	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/stats"
	"github.com/irene-onnx/irene/energy/validate"
	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
)

const (
	module    = "github.com/irene-onnx/irene"
	schemaDir = "../../docs/schema"
)

// schemaFiles are the kinds of JSON with a schema in docs/schema. Those of std are written by encoding/json, whose nil
// lists are null.
var schemaFiles = []struct {
	name, title string
	of          reflect.Type
	std         bool
}{
	{"analyze", "irene analyze --format json", reflect.TypeFor[report.Output](), false},
	{"analyze-line", "a line of irene analyze --format json of several models", reflect.TypeFor[report.LineOutput](), false},
	{"compare", "irene compare --format json", reflect.TypeFor[compare.Output](), false},
	{"compare-devices", "irene compare --format json of one model on several devices", reflect.TypeFor[compare.DevicesOutput](), false},
	{"sweep", "irene sweep --format json", reflect.TypeFor[report.SweepOutput](), false},
	{"generate", "irene generate --format json", reflect.TypeFor[report.GenerateOutput](), false},
	{"explain", "irene explain --format json", reflect.TypeFor[report.ExplainOutput](), false},
	{"formula", "irene formula --format json", reflect.TypeFor[report.FormulaOutput](), false},
	{"devices", "irene devices --format json", reflect.TypeFor[devicesOutput](), false},
	{"operators", "irene operators --format json", reflect.TypeFor[operatorsOutput](), false},
	{"records", "irene records --format json", reflect.TypeFor[recordsOutput](), false},
	{"record", "a line of a file of records", reflect.TypeFor[energy.Record](), true},
	{"validate-operators", "irene validate --operators --format json", reflect.TypeFor[validate.Operators](), true},
	{"coefficients", "a file of coefficients", reflect.TypeFor[coefficients.Coefficients](), true},
}

// TestSchemas holds the files below docs/schema to the structs and their comments; -update writes them.
func TestSchemas(t *testing.T) {
	for _, f := range schemaFiles {
		g := &schemaMaker{t: t, std: f.std, fields: map[string]map[string]string{}}
		root := g.object(f.of)
		root.Draft, root.Title, root.Defs = "https://json-schema.org/draft/2020-12/schema", f.title, g.defs
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		if err := enc.Encode(root); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(schemaDir, f.name+".json")
		if fixtures.Updating() {
			if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want.String() {
			t.Errorf("%s is not what the structs say (%v): make schema writes it", file, err)
		}
	}
}

// schema is a JSON Schema, as far as these use it.
type schema struct {
	Draft       string    `json:"$schema,omitempty"`
	Title       string    `json:"title,omitempty"`
	Description string    `json:"description,omitempty"`
	Ref         string    `json:"$ref,omitempty"`
	Type        any       `json:"type,omitempty"` // one name or several
	AnyOf       []*schema `json:"anyOf,omitempty"`
	Format      string    `json:"format,omitempty"`
	Items       *schema   `json:"items,omitempty"`
	MinItems    int       `json:"minItems,omitempty"`
	MaxItems    int       `json:"maxItems,omitempty"`
	Properties  members   `json:"properties,omitempty"`
	Required    []string  `json:"required,omitempty"`
	Additional  any       `json:"additionalProperties,omitempty"` // false, or a schema
	Defs        members   `json:"$defs,omitempty"`
}

// members are schemas by name, in an order of their own.
type members []struct {
	name string
	of   *schema
}

func (m *members) add(name string, of *schema) {
	*m = append(*m, struct {
		name string
		of   *schema
	}{name, of})
}

// MarshalJSON writes an object.
func (m members) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, x := range m {
		of, err := json.Marshal(x.of)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(strconv.AppendQuote(text, x.name), ':'), of...)
	}
	return append(text, '}'), nil
}

// schemaMaker makes the schema of one kind of JSON.
type schemaMaker struct {
	t      *testing.T
	std    bool
	defs   members
	fields map[string]map[string]string // comments of a package: by type, and by type and field
}

// of is the schema of a type by the rules of render.WriteJSON.
func (g *schemaMaker) of(t reflect.Type) *schema {
	switch t {
	case reflect.TypeFor[graph.Dim]():
		return &schema{Type: []string{"integer", "string", "null"}}
	case reflect.TypeFor[graph.DType]():
		if g.std {
			return &schema{Type: "string"}
		}
		return &schema{Type: []string{"string", "null"}}
	case reflect.TypeFor[render.Index]():
		return &schema{Type: []string{"integer", "null"}}
	case reflect.TypeFor[render.Text]():
		return &schema{Type: []string{"string", "null"}}
	case reflect.TypeFor[render.Number](), reflect.TypeFor[stats.Number]():
		return &schema{Type: []string{"number", "null"}}
	case reflect.TypeFor[*graph.Value]():
		return &schema{Type: "string"}
	case reflect.TypeFor[coefficients.Values]():
		return &schema{Type: "string"}
	case reflect.TypeFor[time.Time]():
		return &schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[coefficients.TermValues]():
		return g.terms()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return orNull(g.of(t.Elem()))
	case reflect.Struct:
		return g.reference(t)
	case reflect.Map:
		return &schema{Type: "object", Additional: g.of(t.Elem())}
	case reflect.Slice, reflect.Array:
		return g.list(t)
	case reflect.String:
		return &schema{Type: "string"}
	case reflect.Bool:
		return &schema{Type: "boolean"}
	case reflect.Float64:
		if t.PkgPath() == module+"/energy" && !g.std { // not finite where it is not known
			return &schema{Type: []string{"number", "null"}}
		}
		return &schema{Type: "number"}
	}
	return &schema{Type: "integer"}
}

// terms is a number by term; one that is absent is zero.
func (g *schemaMaker) terms() *schema {
	out := &schema{Type: "object", Additional: false}
	for _, name := range coefficients.TermNames {
		out.Properties.add(name, &schema{Type: "number"})
	}
	return out
}

func (g *schemaMaker) list(t reflect.Type) *schema {
	if elem := t.Elem(); strings.HasPrefix(elem.Name(), "Member[") {
		return &schema{Type: "object", Additional: g.of(elem.Field(1).Type)}
	}
	out := &schema{Type: "array", Items: g.of(t.Elem())}
	if t.Kind() == reflect.Array {
		out.MinItems, out.MaxItems = t.Len(), t.Len()
	} else if g.std {
		return orNull(out)
	}
	return out
}

// orNull allows null beside what a schema allows.
func orNull(s *schema) *schema {
	if s.Ref != "" {
		return &schema{AnyOf: []*schema{s, {Type: "null"}}}
	}
	if name, ok := s.Type.(string); ok {
		s.Type = []string{name, "null"}
	}
	return s
}

// reference is the schema of a struct by name.
func (g *schemaMaker) reference(t reflect.Type) *schema {
	name := defName(t)
	out := &schema{Ref: "#/$defs/" + name}
	for _, d := range g.defs {
		if d.name == name {
			return out
		}
	}
	at := len(g.defs)
	g.defs.add(name, nil)
	g.defs[at].of = g.object(t)
	return out
}

func defName(t reflect.Type) string {
	name := strings.TrimSuffix(t.Name(), "JSON")
	return strings.ToUpper(name[:1]) + name[1:]
}

// object is the schema of a struct: every member has to be described.
func (g *schemaMaker) object(t reflect.Type) *schema {
	out := &schema{Type: "object", Description: g.comment(t, ""), Additional: false}
	g.members(t, out)
	return out
}

func (g *schemaMaker) members(t reflect.Type, out *schema) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" && f.Anonymous {
			g.members(f.Type, out)
		}
		if name == "" || name == "-" {
			continue
		}
		required := option == ""
		ft := f.Type
		if !required && ft.Kind() == reflect.Pointer { // absent rather than null
			ft = ft.Elem()
		}
		s := g.of(ft)
		if !required && g.std && ft.Kind() == reflect.Slice {
			s.Type = "array"
		}
		s.Description = g.comment(t, f.Name)
		out.Properties.add(name, s)
		if required {
			out.Required = append(out.Required, name)
		}
		if !refers(s) || s.Description != "" {
			g.checkUnit(t, name, s.Description)
		}
	}
}

// refers reports whether a schema is that of structs, which describe themselves.
func refers(s *schema) bool {
	of, ok := s.Additional.(*schema)
	return s.Ref != "" || s.AnyOf != nil || s.Items != nil && refers(s.Items) || ok && refers(of)
}

// checkUnit looks for the unit that a member's name promises.
func (g *schemaMaker) checkUnit(t reflect.Type, name, description string) {
	if description == "" {
		g.t.Errorf("%v: %q has no comment that describes it", t, name)
	}
	for suffix, unit := range map[string]string{"_j": "joule", "_s": "second", "_w": "watt", "_hz": "hertz", "_bytes": "bytes", "_c": "degrees"} {
		if strings.HasSuffix(name, suffix) && !strings.Contains(description, unit) && !strings.HasPrefix(description, "ratio") {
			g.t.Errorf("%v: %q does not say that it is in %s: %q", t, name, unit, description)
		}
	}
}

// comment is that of a type or of its field.
func (g *schemaMaker) comment(t reflect.Type, field string) string {
	pkg := strings.TrimPrefix(t.PkgPath(), module)
	if t.PkgPath() == "main" {
		pkg = "/cmd/irene"
	}
	if g.fields[pkg] == nil {
		g.fields[pkg] = comments(g.t, filepath.Join("../..", pkg))
	}
	text := g.fields[pkg][t.Name()+"."+field]
	if rest, ok := strings.CutPrefix(text, cmp.Or(field, t.Name())+" "); ok {
		return strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
	}
	return text
}

// comments reads the comments of the types of a package ("Type.") and of their fields ("Type.Field").
func comments(t *testing.T, dir string) map[string]string {
	out := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE {
				continue
			}
			for _, s := range decl.Specs {
				spec := s.(*ast.TypeSpec)
				out[spec.Name.Name+"."] = commentText(decl.Doc)
				if fields, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range fields.Fields.List {
						for _, n := range f.Names {
							out[spec.Name.Name+"."+n.Name] = strings.TrimSpace(commentText(f.Doc) + " " + commentText(f.Comment))
						}
					}
				}
			}
		}
	}
	return out
}

func commentText(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
