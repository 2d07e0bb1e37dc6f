//go:build cgo && linux

package nvml

import (
	"strings"
	"testing"
)

// TestChoose goes through the rules of CUDA_VISIBLE_DEVICES. NVML lists the boards here in the order of the bus, but for
// the last table.
func TestChoose(t *testing.T) {
	equal := []board{{0, "H200", "GPU-aa11", "19"}, {1, "H200", "GPU-aa22", "3b"}, {2, "H200", "GPU-bb33", "4c"}}
	mixed := []board{{0, "T4", "GPU-aa11", "19"}, {1, "H200", "GPU-bb22", "3b"}}
	const all = "GPU 0 (H200, GPU-aa11), GPU 1 (H200, GPU-aa22), GPU 2 (H200, GPU-bb33)"
	const unset = "-"
	for _, tt := range []struct {
		name    string
		boards  []board
		visible string
		byBus   bool
		gpu     string
		uuid    string
		ordinal int
		problem string
	}{
		{"first", equal, unset, false, "", "GPU-aa11", 0, ""},
		{"number", equal, unset, false, "2", "GPU-bb33", 2, ""},
		{"prefix", equal, unset, false, "GPU-aa2", "GPU-aa22", 1, ""},
		{"prefix of two", equal, unset, false, "GPU-aa", "", 0, "nvml: more than one GPU begins with GPU-aa; visible are " + all},
		{"none such", equal, unset, false, "7", "", 0, "nvml: there is no GPU 7; visible are " + all},
		{"no UUID", equal, unset, false, "aa11", "", 0, `nvml: "aa11" is no GPU: give its number, or its UUID with GPU- in front; visible are ` + all},
		{"order", equal, "2,1", false, "", "GPU-bb33", 0, ""},
		{"second of the order", equal, "2,1", false, "1", "GPU-aa22", 1, ""},
		{"UUID of the order", equal, "2,1", false, "GPU-aa22", "GPU-aa22", 1, ""},
		{"hidden", equal, "2,1", false, "GPU-aa11", "", 0, "nvml: there is no GPU GPU-aa11; visible are GPU 2 (H200, GPU-bb33), GPU 1 (H200, GPU-aa22)"},
		{"UUIDs, blanks", equal, " GPU-bb , 0", false, "1", "GPU-aa11", 1, ""},
		{"stops at -1", equal, "0,2,-1,1", false, "2", "", 0, "nvml: there is no GPU 2; visible are GPU 0 (H200, GPU-aa11), GPU 2 (H200, GPU-bb33)"},
		{"stops at a prefix of two", equal, "2,GPU-aa,0", false, "1", "", 0, "nvml: there is no GPU 1; visible are GPU 2 (H200, GPU-bb33)"},
		{"empty", equal, "", false, "", "", 0, "nvml: CUDA_VISIBLE_DEVICES= hides every GPU; there are " + all},
		{"beyond", equal, "3", false, "", "", 0, "nvml: CUDA_VISIBLE_DEVICES=3 hides every GPU; there are " + all},
		{"twice", equal, "1,GPU-aa2", false, "", "", 0, "nvml: CUDA_VISIBLE_DEVICES=1,GPU-aa2 names a GPU twice, which hides all of them from CUDA"},
		{"instance", equal, "MIG-77", false, "", "", 0, "nvml: CUDA_VISIBLE_DEVICES names MIG-77, an instance of a GPU (MIG), and the energy of one cannot be told from its board's: name a whole GPU"},
		{"instance asked for", equal, unset, false, "MIG-77", "", 0, "nvml: MIG-77 is an instance of a GPU (MIG), and the energy of one cannot be told from its board's: name a whole GPU; visible are " + all},
		{"nothing there", nil, unset, false, "", "", 0, "nvml: the driver knows no GPU"},

		{"different", mixed, unset, false, "1", "GPU-bb22", -1, ""},
		{"different by bus", mixed, unset, true, "1", "GPU-bb22", 1, ""},
		{"different, UUIDs", mixed, "GPU-bb22,GPU-aa11", false, "", "GPU-bb22", 0, ""},
		{"different, numbers by bus", mixed, "1", true, "", "GPU-bb22", 0, ""},
		{"different, numbers", mixed, "1", false, "", "", 0, "nvml: the GPUs here differ, and CUDA_VISIBLE_DEVICES=1 counts them from the fastest: set CUDA_DEVICE_ORDER=PCI_BUS_ID too, or name a UUID of GPU 0 (T4, GPU-aa11), GPU 1 (H200, GPU-bb22)"},
		{"different, numbers, but a UUID asked for", mixed, "1", false, "GPU-bb", "GPU-bb22", -1, ""},
		{"listed against the bus", []board{{0, "H200", "GPU-cc", "4c"}, {1, "H200", "GPU-dd", "19"}}, "0", true, "", "GPU-dd", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := environment{byBus: tt.byBus}
			if tt.visible != unset {
				env.visible = &tt.visible
			}
			got, err := choose(tt.boards, tt.gpu, env)
			switch {
			case tt.problem != "":
				if err == nil || err.Error() != tt.problem {
					t.Errorf("got  %v, %v\nwant %s", got, err, tt.problem)
				}
			case err != nil:
				t.Error(err)
			case got.uuid != tt.uuid || got.ordinal != tt.ordinal:
				t.Errorf("got %s, CUDA's number %d, want %s, %d", got.uuid, got.ordinal, tt.uuid, tt.ordinal)
			}
		})
	}
}

// TestOpenChooses goes by the environment and the library.
func TestOpenChooses(t *testing.T) {
	knobs(t, "NAMES=NVIDIA H200;NVIDIA H200;NVIDIA H200", "BLOCKED=0", "CUDA_VISIBLE_DEVICES=1")
	m := openFake(t, "")
	// The first GPU is kept from this process, so that CUDA's number 1 is NVML's number 2.
	if uuid, ordinal := m.CUDADevice(); !strings.HasPrefix(uuid, "GPU-2222") || ordinal != 0 {
		t.Errorf("got %s, %d, want GPU-2222…, 0", uuid, ordinal)
	}
	if got := m.chosen.bus; got != "00000000:1b:00.0" {
		t.Errorf("bus id %q", got)
	}
}
