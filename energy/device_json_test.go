package energy

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// TestDeviceJSON: every row of the table comes back as it was, and missing numbers are not written.
func TestDeviceJSON(t *testing.T) {
	for _, d := range Devices() {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		d.Address = "" // not written
		var again Device
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, d) {
			t.Errorf("%s: %v\n%+v\n%+v", d.ID, err, again, d)
		}
	}
	text, err := json.Marshal(Device{ID: "x", SMs: 4, TDP: 65})
	if want := `{"id":"x","sms":4,"tdp_w":65}`; err != nil || string(text) != want {
		t.Errorf("%s, want %s (%v)", text, want, err)
	}
}

func TestDeviceJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"name":"x"}`:            "without an id",
		`{"id":"x","sms":-1}`:     "a number is -1",
		`{"id":"x","tdp_w":-2.5}`: "a number is -2.5",
		`{"id":"x","peaks":[{"dtype":"float32","flops_per_s":-3}]}`: "a number is -3",
		`{"id":7}`:                             "cannot unmarshal",
		`{"id":"x","bandwidth_bytes_per_s":0}`: "device x: bandwidth_bytes_per_s is 0: leave out what is not known",
		`{"id":"x","boost_clock_hz":0}`:        "boost_clock_hz is 0",
		`{"id":"x","tdp_w":150,"awake_w":183}`: "device x: it draws 183 W with its clocks up, its limit is 150 W",
		`{"id":"x","tdp_w":150,"awake_w":-3}`:  "a number is -3",
	} {
		var d Device
		if err := json.Unmarshal([]byte(text), &d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestDeviceIs(t *testing.T) {
	d := Device{ID: "gtx-1070", Name: "NVIDIA GeForce GTX 1070", Aliases: []string{"pascal card"}}
	for name, want := range map[string]bool{"GTX 1070": true, "geforce gtx-1070": true, "PascalCard": true, "gtx-1080": false, "": false} {
		if d.Is(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
