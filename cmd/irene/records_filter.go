package main

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// recordFilter is a condition on one member of a record.
type recordFilter struct {
	text    string // as it was given
	key     string
	not     bool
	pattern *regexp.Regexp
}

// recordKey is something of a record to filter by.
type recordKey struct {
	name   string
	values func(*energy.Record) []string
}

// recordKeys lists what filters know, beside dims.
func recordKeys() []recordKey {
	one := func(get func(*energy.Record) string) func(*energy.Record) []string {
		return func(r *energy.Record) []string { return []string{get(r)} }
	}
	return []recordKey{
		{"level", one(func(r *energy.Record) string { return string(r.Level) })},
		{"op", one(func(r *energy.Record) string { return r.Op })},
		{"class", one(func(r *energy.Record) string { return r.Class })},
		{"dtype", one(func(r *energy.Record) string { return r.DType })},
		{"model", one(func(r *energy.Record) string { return r.Model })},
		{"path", one(func(r *energy.Record) string { return r.Path })},
		{"signature", one(func(r *energy.Record) string { return r.Signature })},
		{"device", func(r *energy.Record) []string { return []string{r.Device.ID, r.Device.Name, r.Device.UUID} }},
		{"runtime", one(func(r *energy.Record) string { return r.Runtime.Name })},
		{"profile", one(func(r *energy.Record) string { return r.Runtime.Profile })},
		{"method", one(func(r *energy.Record) string { return string(r.Method) })},
		{"scope", one(func(r *energy.Record) string { return string(r.Boundary) })},
		{"context", one(func(r *energy.Record) string { return cmp.Or(r.Context, "alone") })},
		{"buffers", one(func(r *energy.Record) string { return r.Buffers })},
		{"session", one(func(r *energy.Record) string { return r.Session })},
		{"flag", func(r *energy.Record) []string { return r.Flags }},
		{"usable", one(func(r *energy.Record) string { return strconv.FormatBool(r.Usable()) })},
		{"anchor", one(func(r *energy.Record) string { return strconv.FormatBool(r.Anchor) })},
		{"key", one((*energy.Record).Key)},
	}
}

// filterHelp lists the keys for the help.
func filterHelp() string {
	var names []string
	for _, k := range recordKeys() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// parseFilters reads --filter flags: "op=MatMul", "path!=encoder*".
func parseFilters(flags []string) ([]recordFilter, error) {
	var out []recordFilter
	for _, text := range flags {
		key, value, ok := strings.Cut(text, "=")
		f := recordFilter{text: text}
		f.key, f.not = strings.CutSuffix(key, "!")
		if !ok || f.key == "" {
			return nil, usagef("--filter %s: want KEY=VALUE or KEY!=VALUE", text)
		}
		pattern := strings.ReplaceAll(regexp.QuoteMeta(value), `\*`, `.*`)
		f.pattern = regexp.MustCompile(`(?s)^(?:` + pattern + `)$`)
		out = append(out, f)
	}
	return out, nil
}

// filterRecords keeps the records for which every filter holds. A key that is neither known nor a dim of any record is a
// usage error.
func filterRecords(list []energy.Record, filters []recordFilter) ([]energy.Record, error) {
	for _, f := range filters {
		var values func(*energy.Record) []string
		if i := slices.IndexFunc(recordKeys(), func(k recordKey) bool { return k.name == f.key }); i >= 0 {
			values = recordKeys()[i].values
		} else if slices.ContainsFunc(list, func(r energy.Record) bool { _, ok := r.Dims[f.key]; return ok }) {
			values = func(r *energy.Record) []string {
				if v, ok := r.Dims[f.key]; ok {
					return []string{strconv.FormatInt(v, 10)}
				}
				return nil
			}
		} else if len(list) > 0 {
			return nil, usagef("--filter %s: no key or dim %q%s", f.text, f.key, meant(f.key, strings.Split(filterHelp(), ", ")))
		}
		var kept []energy.Record
		for i := range list {
			if slices.ContainsFunc(values(&list[i]), f.pattern.MatchString) != f.not {
				kept = append(kept, list[i])
			}
		}
		list = kept
	}
	return list, nil
}
