package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/cmd/irene/internal/folder"
	"github.com/irene-onnx/irene/cmd/irene/internal/render"
	"github.com/irene-onnx/irene/graph/analysis"
)

// generationFiles are the files of a model beside its decode step.
type generationFiles struct {
	encoder    string // "" for none
	prompts    string // the decoder's export that reads prompts; behind an encoder their first token
	embeddings string
	list       render.Members[string] // of a folder: the files that take part, by what they are
	left       []string               // of a folder: what to know of the others
}

// reader is the file that reads prompts; "" for the decoder itself.
func (f *generationFiles) reader(d *analysis.Decoder) string {
	if d.Encoder {
		return f.encoder
	}
	return f.prompts
}

// decoder finds the decode step at a path, and in a folder the files around it.
func (q *generateRequest) decoder(env *environment, path string) (*analysis.Decoder, error) {
	if folder.IsFolder(path) {
		return q.choose(env, path)
	}
	if q.variant != "" {
		return nil, usagef("--variant %s: of the parts in a folder; %s is a file", q.variant, path)
	}
	g, err := decodeModel(env, path)
	if err != nil {
		return nil, err
	}
	return analysis.FindDecoder(g, q.told)
}

// decoderRoles are what a decode step may be called, the first choice first. Those of both kinds of name may lack a cache.
var decoderRoles = []folder.Role{folder.Merged, folder.WithPast, folder.Decoder, folder.Whole}

// choose finds the parts of a folder that work together, those that flags name aside.
func (q *generateRequest) choose(env *environment, dir string) (*analysis.Decoder, error) {
	parts, err := folder.Parts(dir)
	if err != nil {
		return nil, err
	}
	if err := q.chooseVariant(dir, parts); err != nil {
		return nil, err
	}
	d, step, without, err := q.findStep(env, dir, parts)
	if err != nil {
		return nil, err
	}
	f := &q.files
	f.list = append(f.list, render.Member[string]{Name: string(step.Role), Value: step.File})
	take := func(to *string, needed bool, what string, candidates ...*folder.Part) {
		if !needed || *to != "" {
			return
		}
		for _, p := range candidates {
			if p != nil {
				*to = p.File
				f.list = append(f.list, render.Member[string]{Name: string(p.Role), Value: p.File})
				return
			}
		}
		if what != "" {
			f.left = append(f.left, what)
		}
	}
	part := func(role folder.Role) *folder.Part { return q.part(parts, role) }
	take(&f.encoder, d.Encoder, "", part(folder.Encoder), part(folder.Audio), part(folder.Vision))
	take(&f.prompts, d.Switch == nil, "", without)
	take(&f.embeddings, d.Embeds, "the embeddings of tokens are not counted: "+dir+" has no file of them", part(folder.Embeddings))
	for _, role := range []folder.Role{folder.Vision, folder.Audio} {
		if p := part(role); p != nil && p.File != f.encoder {
			f.left = append(f.left, fmt.Sprintf("the %s %s is not counted: it runs once for each input of its kind", role, p.File))
		}
	}
	return d, nil
}

// chooseVariant settles in which precision parts are taken: the one asked for, else that without a name, else the only one.
func (q *generateRequest) chooseVariant(dir string, parts []folder.Part) error {
	var found []string
	for _, p := range parts {
		if slices.Contains(decoderRoles, p.Role) && !slices.Contains(found, p.Variant) {
			found = append(found, p.Variant)
		}
	}
	slices.Sort(found)
	switch {
	case q.variant != "":
		if !slices.Contains(found, q.variant) {
			return usagef("--variant %s: no decoder of %s%s (variants: %s)", q.variant, dir, meant(q.variant, found), strings.TrimPrefix(listing(found), ", "))
		}
	case slices.Contains(found, ""):
	case len(found) == 1:
		q.variant = found[0]
	case len(found) > 1:
		return usagef("%s: holds its decoder as %s: --variant NAME says which", dir, listing(found))
	}
	return nil
}

// part is the file in a role: of the variant, else without one, else the only one; nil where none is.
func (q *generateRequest) part(parts []folder.Part, role folder.Role) *folder.Part {
	var of []*folder.Part
	for i := range parts {
		if parts[i].Role == role {
			of = append(of, &parts[i])
		}
	}
	for _, variant := range []string{q.variant, ""} {
		for _, p := range of {
			if p.Variant == variant {
				return p
			}
		}
	}
	if len(of) == 1 {
		return of[0]
	}
	return nil
}

// findStep finds the decode step among the parts, and the decoder without a cache, nil where there is none. Of files whose
// names do not tell, the inputs do.
func (q *generateRequest) findStep(env *environment, dir string, parts []folder.Part) (d *analysis.Decoder, step, without *folder.Part, err error) {
	for _, role := range decoderRoles {
		for i := range parts {
			p := &parts[i]
			if p.Role != role || p.Variant != q.variant {
				continue
			}
			if d != nil && (role == folder.Whole || without != nil) {
				continue
			}
			g, err := decodeModel(env, p.File)
			if err != nil {
				return nil, nil, nil, err
			}
			found, err := analysis.FindDecoder(g, q.told)
			var none *analysis.NoCacheError
			switch {
			case errors.As(err, &none):
				if _, err := analysis.FindReader(g); err == nil && without == nil {
					without = p
				}
			case err != nil:
				return nil, nil, nil, err
			case d == nil:
				d, step = found, p
			}
		}
		if d != nil && d.Switch != nil {
			return d, step, nil, nil
		}
	}
	if d == nil {
		return nil, nil, nil, fmt.Errorf("%s: no decoder with a cache among its parts: %s", dir, listParts(parts))
	}
	return d, step, without, nil
}

// listParts names parts and files.
func listParts(parts []folder.Part) string {
	var names []string
	for _, p := range parts {
		names = append(names, fmt.Sprintf("%s (%s)", p.File, p.Role))
	}
	return listing(names)
}
