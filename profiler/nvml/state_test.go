//go:build cgo && linux

package nvml

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/irene-onnx/irene/energy"
)

// TestState reads what the fake library says of its GPU.
func TestState(t *testing.T) {
	fakeDevice(t)
	m := openFake(t, "")
	s, err := m.State()
	if err != nil {
		t.Fatal(err)
	}
	if s.SMClock == nil || *s.SMClock != 1980e6 || s.MemoryClock == nil || *s.MemoryClock != 3201e6 {
		t.Errorf("clocks %v, %v, want 1980 and 3201 MHz", s.SMClock, s.MemoryClock)
	}
	if s.Temperature == nil || *s.Temperature != 41 {
		t.Errorf("temperature %v, want 41 °C", s.Temperature)
	}
	if s.Foreign == nil || *s.Foreign != 0 || s.Limits != nil {
		t.Errorf("foreign %v, limits %v, want 0 and none", s.Foreign, s.Limits)
	}
}

func TestLimits(t *testing.T) {
	capped, throttled := energy.FlagPowerCap, energy.FlagThrottled
	for _, without := range [][]string{nil, {"EVENTS"}} { // the older function says the same
		for bits, want := range map[int][]string{
			0: nil, 1: nil, 2: nil, 16: nil, 256: nil, 512: nil,
			4: {capped}, 8: {throttled}, 32: {throttled}, 64: {throttled}, 128: {throttled}, 4 + 8 + 128: {capped, throttled},
		} {
			knobs(t, fmt.Sprintf("REASONS=%d", bits))
			m := openFake(t, "", without...)
			s, err := m.State()
			if err != nil || !slices.Equal(s.Limits, want) {
				t.Errorf("without %v: reasons %d: %v, %v, want %v", without, bits, s.Limits, err, want)
			}
			closeMeter(t, m)
		}
	}
}

// TestGPM has the device work for 60 of the 150 ms between Open and State.
func TestGPM(t *testing.T) {
	inBubble(t, func(t *testing.T, device worker) {
		m := device.open(t)
		device.busy.Add(60e6)
		device.pass(150 * time.Millisecond)
		s, err := m.State()
		if err != nil {
			t.Fatal(err)
		}
		if s.Busy == nil {
			t.Fatal("nothing said of how busy the device was")
		}
		is(t, "busy", *s.Busy, 0.4)
		// The fake says of each metric that it is busy over its number.
		want := map[string]float64{"sm": 2, "sm_occupancy": 3, "integer": 4, "tensor": 5, "dram": 10, "fp64": 11, "fp32": 12, "fp16": 13}
		if got, want := slices.Sorted(maps.Keys(s.Utilisation)), slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
			t.Errorf("metrics %v, want %v", got, want)
		}
		for name, over := range want {
			is(t, name, s.Utilisation[name], 40/over)
		}
	})
}

// TestGPMTooSoon asks twice within 100 ms, and holds that the time is not lost to the one after.
func TestGPMTooSoon(t *testing.T) {
	inBubble(t, func(t *testing.T, device worker) {
		m := device.open(t)
		device.busy.Add(10e6)
		device.pass(100 * time.Millisecond)
		s, err := m.State()
		if err != nil || s.Busy != nil || s.Utilisation != nil {
			t.Errorf("%v: busy %v, utilisation %v, want none", err, s.Busy, s.Utilisation)
		}
		device.pass(25 * time.Millisecond)
		if s, err = m.State(); err != nil || s.Busy == nil {
			t.Fatalf("busy %v, %v, want the 10 ms from before", s.Busy, err)
		}
		is(t, "busy", *s.Busy, 10./125)
	})
}

// TestGPMSentinel drops numbers that cannot be and metrics with an error of their own, and keeps the others.
func TestGPMSentinel(t *testing.T) {
	knobs(t, "GPM=sentinel")
	inBubble(t, func(t *testing.T, device worker) {
		m := device.open(t)
		device.pass(120 * time.Millisecond)
		s, err := m.State()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"fp16", "fp32", "integer", "sm", "sm_occupancy"}
		if got := slices.Sorted(maps.Keys(s.Utilisation)); !slices.Equal(got, want) {
			t.Errorf("metrics %v, want %v", got, want)
		}
	})
}

// TestUtilisationRates stands in where there is no GPM.
func TestUtilisationRates(t *testing.T) {
	for _, tt := range []struct {
		gpm     string
		without []string
		note    string
	}{
		{"none", nil, "the device has none"},
		{"failing", nil, ""},
		{"", []string{"GPM"}, "the driver's library has no nvmlGpmQueryDeviceSupport"},
	} {
		knobs(t, "GPM="+tt.gpm)
		inBubble(t, func(t *testing.T, device worker) {
			m := device.open(t, tt.without...)
			device.busy.Add(3600e9)             // more than all the time since the rates before
			device.pass(120 * time.Millisecond) // enough for GPM
			s, err := m.State()
			if err != nil {
				t.Fatal(err)
			}
			if s.Busy == nil || *s.Busy != 1 || !reflect.DeepEqual(s.Utilisation, map[string]float64{"memory": 50}) {
				t.Errorf("busy %v, utilisation %v, want 1 and memory 50", s.Busy, s.Utilisation)
			}
			if got := capability(t, m, "GPM"); got.Have != (tt.gpm == "failing") || got.Note != tt.note {
				t.Errorf("got %+v, want note %q", got, tt.note)
			}
		})
	}
}

// TestForeign counts processes of the machine: this one, its child, its parent, and one that nobody has.
func TestForeign(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	defer func() {
		child.Process.Kill()
		child.Wait()
	}()
	for list, want := range map[string]int{
		"":                                     0,
		"self":                                 0,
		fmt.Sprint("self,", child.Process.Pid): 0,
		fmt.Sprint("self,", os.Getppid()):      1,
		fmt.Sprint("self,", os.Getppid(), ",4194305,4194306"): 3, // beyond the highest id that Linux gives
	} {
		knobs(t, "PIDS="+list)
		m := openFake(t, "")
		s, err := m.State()
		if err != nil || s.Foreign == nil || *s.Foreign != want {
			t.Errorf("processes %q: foreign %v, %v, want %d", list, s.Foreign, err, want)
		}
		closeMeter(t, m)
	}
	m := openFake(t, "", "PROCESSES")
	if s, err := m.State(); err != nil || s.Foreign != nil {
		t.Errorf("without a list: foreign %v, %v, want nobody to tell", s.Foreign, err)
	}
}

// TestForeignInContainer counts by the process files of a container in which this program is 10, its child 11 with the
// thread 12, and another program is 20. Drivers list the container's ids, or those of the machine around it.
func TestForeignInContainer(t *testing.T) {
	proc := t.TempDir()
	for pid, status := range map[string]string{
		"1": "Name:\tinit\nTgid:\t1\nPPid:\t0\n", "10": "Tgid:\t10\nPPid:\t1\n", "11": "Tgid:\t11\nPPid:\t10\n",
		"12": "Tgid:\t11\nPPid:\t10\n", "20": "Tgid:\t20\nPPid:\t1\n",
	} {
		if err := os.MkdirAll(filepath.Join(proc, pid), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "status"), []byte(status), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(proc, "self", "ns"), 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(proc, "self", "ns", "pid")
	for _, tt := range []struct {
		space string
		pids  []int
		want  int
	}{
		{"pid:[4026532000]", nil, 0},
		{"pid:[4026532000]", []int{12}, 0},
		{"pid:[4026532000]", []int{11, 20}, 1},
		{"pid:[4026532000]", []int{700}, 0},          // ours, by the machine's count
		{"pid:[4026532000]", []int{700, 701}, 1},     // one of them ours
		{"pid:[4026532000]", []int{11, 700}, 1},      // ours is listed, so this is not it
		{"pid:[4026532000]", []int{20, 700, 701}, 2}, // one of the two is ours
		{initialNamespace, []int{700}, 1},            // no container: whoever that was, it was not this program
	} {
		os.Remove(link)
		if err := os.Symlink(tt.space, link); err != nil {
			t.Fatal(err)
		}
		if got := newProcesses(proc, 10).foreign(tt.pids); got != tt.want {
			t.Errorf("%s: processes %v: %d foreign, want %d", tt.space, tt.pids, got, tt.want)
		}
	}
}
