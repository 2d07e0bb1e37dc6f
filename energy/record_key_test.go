package energy

import (
	"regexp"
	"testing"
	"time"
)

// TestKey changes one member at a time: conditions and subject change the key, results do not.
func TestKey(t *testing.T) {
	alone := sample()
	model := sample()
	model.Signature = ""
	inModel := sample()
	inModel.Context = ContextModel
	whole := sample()
	whole.Level = LevelModel
	changes := []struct {
		name                  string
		change                func(*Record)
		alone, model, inModel bool // whether the key changes
	}{
		{"nothing", func(*Record) {}, false, false, false},
		{"uuid", func(r *Record) { r.Device.UUID = "GPU-1" }, true, true, true},
		{"device id beside a uuid", func(r *Record) { r.Device.ID = "h200" }, false, false, false},
		{"runtime", func(r *Record) { r.Runtime.Name = "pytorch" }, true, true, true},
		{"version", func(r *Record) { r.Runtime.Version = "1.30" }, true, true, true},
		{"profile", func(r *Record) { r.Runtime.Profile = "eager" }, true, true, true},
		{"options", func(r *Record) { r.Runtime.Options = map[string]string{"use_tf32": "1"} }, true, true, true},
		{"level", func(r *Record) { r.Level = LevelModule }, true, true, true},
		{"scope", func(r *Record) { r.Boundary = BoundaryWall }, true, true, true},
		{"buffers", func(r *Record) { r.Buffers = "hot" }, true, true, true},
		{"signature", func(r *Record) { r.Signature = "b" }, true, true, true},
		{"path", func(r *Record) { r.Path = "encoder.layer.1" }, false, true, false},
		{"op", func(r *Record) { r.Op = "Gemm" }, false, true, false},
		{"model", func(r *Record) { r.Model = "gpt2" }, false, true, true},
		{"dims", func(r *Record) { r.Dims = map[string]int64{"batch": 9, "sequence": 128} }, false, true, true},
		{"anchor", func(r *Record) { r.Anchor = true }, false, false, false},
		{"time", func(r *Record) { r.Time = new(Seconds(1)) }, false, false, false},
		{"timestamp", func(r *Record) { r.Timestamp = time.Now() }, false, false, false},
		{"session", func(r *Record) { r.Session = "2" }, false, false, false},
		{"flags", func(r *Record) { r.Flags = []string{FlagCV} }, false, false, false},
	}
	for _, c := range changes {
		for _, base := range []struct {
			name string
			r    Record
			want bool
		}{{"alone", alone, c.alone}, {"without a signature", model, c.model}, {"in a model", inModel, c.inModel}, {"of a model", whole, c.inModel}} {
			changed := base.r
			c.change(&changed)
			if got := changed.Key() != base.r.Key(); got != base.want {
				t.Errorf("%s, %s: key changes: %t", base.name, c.name, got)
			}
		}
	}
	if key := alone.Key(); !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(key) {
		t.Errorf("key %q", key)
	}
}

// TestKeyNamesDevice: without a number of the board, its id or its name is what counts.
func TestKeyNamesDevice(t *testing.T) {
	keys := map[string]bool{}
	for _, d := range []RecordDevice{{ID: "t4"}, {Name: "t4"}, {UUID: "t4"}, {ID: "t4", UUID: "1"}, {ID: "v100", Name: "t4"}} {
		r := sample()
		r.Device = d
		keys[r.Key()] = true
	}
	if len(keys) != 5 {
		t.Errorf("%d keys of 5 devices", len(keys))
	}
}

// TestKeyWords: words do not run into each other.
func TestKeyWords(t *testing.T) {
	a, b := sample(), sample()
	a.Signature, b.Signature = "", ""
	a.Path, a.Op = "x y", "z"
	b.Path, b.Op = "x", "y z"
	if a.Key() == b.Key() {
		t.Error("two places with one key")
	}
}

func TestUsable(t *testing.T) {
	for flag, want := range map[string]bool{
		FlagCV: false, FlagThrottled: false, FlagPowerCap: true, FlagClock: false, FlagForeign: false, FlagHostBound: true, FlagShort: false,
		FlagDrift: false, FlagPower: false, "other": true,
	} {
		r := Record{Flags: []string{FlagPowerCap, flag}}
		if r.Usable() != want {
			t.Errorf("%s: %t", flag, !want)
		}
	}
	if r := (Record{}); !r.Usable() {
		t.Error("without flags: false")
	}
}

// TestKindKey: boards of a kind have it in common, and it tells all else apart that Key does.
func TestKindKey(t *testing.T) {
	a, b, other := sample(), sample(), sample()
	a.Device.UUID, b.Device.UUID = "GPU-1", "GPU-2"
	other.Device.ID = "another"
	if a.KindKey() != b.KindKey() || a.Key() == b.Key() {
		t.Error("two boards of a kind")
	}
	if a.KindKey() == other.KindKey() {
		t.Error("boards of two kinds have a key in common")
	}
	b.Dims = map[string]int64{"batch": 9}
	b.Signature += "x"
	if a.KindKey() == b.KindKey() {
		t.Error("two measurements have a key in common")
	}
}
