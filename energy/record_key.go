package energy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
)

// keyBytes is how much of a digest a key keeps: among a million measurements two share a key by chance once in some
// ten millions of files.
const keyBytes = 8

// Key is the same for two records where they measure the same thing under the same conditions: on the same device, with
// the same power limit and runtime, at the same level, context, buffers and boundary, the same signature or, where there is none, the same
// place of the same model at the same dims. What a measurement finds out, and when, is not part of it, nor is whether
// it served as an anchor: an anchor measures its operator as any record of it does. Keys are hexadecimal and stay what
// they are from run to run.
//
// What one more operator adds to a run depends on the model around it, too: in that context, and of a whole model, the
// model's name and the dims are part of the key beside the signature.
func (r *Record) Key() string { return r.keyOn(r.Device.key()) }

// KindKey is Key for boards of one kind taken as one: what it is the same for was measured on the same kind of board.
func (r *Record) KindKey() string {
	d := r.Device
	d.UUID = ""
	return r.keyOn(d.key())
}

// keyOn is the key on a device.
func (r *Record) keyOn(device string) string {
	h := sha256.New()
	keyWords(h, "device", device)
	if w := r.Device.PowerLimit; w != nil {
		keyWords(h, "limit", fmt.Sprintf("%.0f", float64(*w)))
	}
	keyWords(h, "runtime", r.Runtime.Name, r.Runtime.Version, r.Runtime.Profile)
	for _, name := range slices.Sorted(maps.Keys(r.Runtime.Options)) {
		keyWords(h, "option", name, r.Runtime.Options[name])
	}
	keyWords(h, "how", string(r.Level), r.Context, r.Buffers, string(r.Boundary))
	if r.Signature != "" {
		keyWords(h, "signature", r.Signature)
	} else {
		keyWords(h, "place", r.Path, r.Op, r.Class, r.DType)
	}
	if r.Signature == "" || r.Context == ContextModel || r.Level == LevelModel {
		keyWords(h, "model", r.Model)
		for _, name := range slices.Sorted(maps.Keys(r.Dims)) {
			keyWords(h, "dim", name, fmt.Sprint(r.Dims[name]))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:keyBytes])
}

// keyWords adds words to a digest so that no two lists of words look alike.
func keyWords(h io.Writer, words ...string) { fmt.Fprintf(h, "%q\n", words) }

// key is what tells one board from another: its own number, where that is known.
func (d *RecordDevice) key() string {
	switch {
	case d.UUID != "":
		return "uuid " + d.UUID
	case d.ID != "":
		return "id " + d.ID
	}
	return "name " + d.Name
}

// Usable reports whether no flag keeps the record out of a fit: see [Unusable]. A run that resumes measures again what
// has no usable record yet.
func (r *Record) Usable() bool {
	bad := Unusable()
	return !slices.ContainsFunc(r.Flags, func(f string) bool { return slices.Contains(bad, f) })
}
