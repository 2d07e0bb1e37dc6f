package energy

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/irene-onnx/irene/internal/bounded"
)

// sample is a record with every member set.
func sample() Record {
	return Record{
		Device:  RecordDevice{ID: "h100-sxm", Name: "NVIDIA H100 80GB HBM3", UUID: "GPU-0", PowerLimit: new(Watts(700))},
		Driver:  "580.65",
		Runtime: Runtime{Name: "onnxruntime", Version: "1.31.1", Profile: "ort-basic", Options: map[string]string{"use_tf32": "0"}},
		Clocks:  &Clocks{SMBefore: new(Hertz(1.98e9)), SMAfter: new(Hertz(1.95e9)), Locked: true, TempBefore: new(Celsius(-4))},
		Method:  MethodCounter, Boundary: BoundaryBoard, Level: LevelOperator,
		Model: "bert", Path: "encoder.layer.0", Op: "MatMul", Class: "gemm", Signature: "a -> b", DType: "float16",
		Dims:     map[string]int64{"sequence": 128, "batch": 8},
		Features: map[string]float64{"flops": 1.2e9, "bytes": 3e6},
		Buffers:  "rotated",
		Energy:   new(Joules(0.0125)), NetEnergy: new(Joules(0.0101)), Time: new(Seconds(2.5e-5)), Idle: new(Watts(96.5)),
		Spread: &Spread{
			CV: new(0.01), Windows: []Joules{0.0124, 0.0126}, Times: []Seconds{2.5e-5}, Window: new(Seconds(5)),
			Iterations: 200000, CounterPeriod: new(Seconds(0.1)),
		},
		Utilisation: map[string]float64{"sm": 98.5},
		Flags:       []string{"power-cap"},
		Timestamp:   time.Date(2026, 3, 1, 13, 0, 0, 5, time.FixedZone("", 3600)),
	}
}

const sampleLine = `{"schema":1,"device":{"id":"h100-sxm","name":"NVIDIA H100 80GB HBM3","uuid":"GPU-0","power_limit_w":700},` +
	`"driver":"580.65","runtime":{"name":"onnxruntime","version":"1.31.1","profile":"ort-basic","options":{"use_tf32":"0"}},` +
	`"clocks":{"sm_before_hz":1980000000,"sm_after_hz":1950000000,"locked":true,"temperature_before_c":-4},` +
	`"method":"counter","scope":"board","level":"operator","model":"bert","path":"encoder.layer.0","op":"MatMul","class":"gemm",` +
	`"signature":"a -> b","dtype":"float16","dims":{"batch":8,"sequence":128},"features":{"bytes":3000000,"flops":1200000000},` +
	`"buffers":"rotated","energy_j":0.0125,"net_energy_j":0.0101,"time_s":0.000025,"idle_w":96.5,` +
	`"spread":{"cv":0.01,"windows_j":[0.0124,0.0126],"times_s":[0.000025],"window_s":5,"iterations":200000,"counter_period_s":0.1},` +
	`"utilisation":{"sm":98.5},"flags":["power-cap"],"timestamp":"2026-03-01T12:00:00.000000005Z"}` + "\n"

// minimal is the shortest line of a record, up to its numbers.
const minimal = `{"schema":1,"device":{"id":"t4"},"method":"published","scope":"board","level":"operator"`

func TestWriteRecord(t *testing.T) {
	var out bytes.Buffer
	if err := WriteRecord(&out, sample()); err != nil {
		t.Fatal(err)
	}
	if out.String() != sampleLine {
		t.Errorf("got\n%swant\n%s", out.String(), sampleLine)
	}
}

func TestReadRecords(t *testing.T) {
	in := sampleLine + "\r\n  \n" + minimal + `,"time_s":0.001,"later_addition":[1]}` + "\r\n" +
		`{"schema":1,"device":{"name":"Tesla T4"},"method":"published","level":"model","time_s":1}`
	records, err := ReadRecords(strings.NewReader(in), "r.jsonl")
	if err != nil || len(records) != 3 {
		t.Fatalf("%d records, %v; want 3", len(records), err)
	}
	if r := records[0]; *r.Energy != 0.0125 || r.Dims["batch"] != 8 || r.Spread.Windows[1] != 0.0126 || !r.Timestamp.Equal(sample().Timestamp) {
		t.Errorf("first record: %+v", r)
	}
	if r := records[1]; r.Energy != nil || r.NetEnergy != nil || r.Idle != nil || *r.Time != 0.001 || r.Spread != nil || r.Clocks != nil {
		t.Errorf("what was not measured is not nil: %+v", r)
	}
}

func TestReadRecordsKeepsGoodLines(t *testing.T) {
	in := minimal + `,"time_s":1}` + "\n" + `{"schema":1` + "\n\n" + minimal + `,"time_s":-1}` + "\n" + minimal + `,"time_s":2}` + "\n"
	records, err := ReadRecords(strings.NewReader(in), "r.jsonl")
	if len(records) != 2 || *records[1].Time != 2 {
		t.Errorf("%d records, want the two good ones", len(records))
	}
	want := "r.jsonl:2: not a JSON object: unexpected end of JSON input\nr.jsonl:4: time_s is negative: -1"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if bad := (*SyntaxError)(nil); !errors.As(err, &bad) || bad.Line != 2 || bad.File != "r.jsonl" {
		t.Errorf("%#v is no SyntaxError at line 2", err)
	}
}

func TestReadRecordsRefuses(t *testing.T) {
	for members, want := range map[string]string{
		`,"energy_j":-0.5`:                   "energy_j is negative: -0.5",
		`,"energy_j":0`:                      "energy_j is zero; leave out what was not measured",
		`,"energy_j":1e999`:                  "energy_j: unexpected number 1e999",
		`,"energy_j":"1"`:                    "energy_j: unexpected string",
		`,"energy_j":NaN`:                    "not a JSON object: invalid character 'N' looking for beginning of value",
		`,"energy_j":null`:                   "neither energy_j nor time_s",
		``:                                   "neither energy_j nor time_s",
		`,"time_s":1e308`:                    "time_s is 1e+308, more than anything that is measured: want at most 1e+09",
		`,"time_s":5e-324`:                   "time_s is 5e-324, less than anything that is measured",
		`,"energy_j":1e200`:                  "energy_j is 1e+200, more than anything that is measured: want at most 1e+15",
		`,"time_s":1,"kernel_time_s":1e10`:   "kernel_time_s is 1e+10, more than anything that is measured: want at most 1e+09",
		`,"time_s":1,"idle_w":1e9`:           "idle_w is 1e+09, more than anything that is measured: want at most 1e+07",
		`,"time_s":1,"features":{"f":1e308}`: "features.f is 1e+308, more than anything that is measured: want at most 1e+30",
		`,"time_s":1,"spread":{"times_s":[1,1e308]}`:          "spread.times_s[1] is 1e+308, more than anything that is measured: want at most 1e+09",
		`,"time_s":1,"clocks":{"temperature_after_c":-1e99}`:  "clocks.temperature_after_c is -1e+99, more than anything that is measured: want at most 1e+30",
		`,"time_s":1,"net_energy_j":-1`:                       "net_energy_j is negative: -1",
		`,"time_s":1,"dims":{"batch":-8}`:                     "dims.batch is negative: -8",
		`,"time_s":1,"dims":{"batch":1.5}`:                    "dims: unexpected number 1.5",
		`,"time_s":1,"features":{"flops":-1}`:                 "features.flops is negative: -1",
		`,"time_s":1,"spread":{"cv":-1}`:                      "spread.cv is negative: -1",
		`,"time_s":1,"spread":{"windows_j":[1,-2]}`:           "spread.windows_j[1] is negative: -2",
		`,"time_s":1,"spread":{"iterations":-1}`:              "spread.iterations is negative: -1",
		`,"time_s":1,"clocks":{"sm_after_hz":-1}`:             "clocks.sm_after_hz is negative: -1",
		`,"time_s":1,"schema":2`:                              "schema 2, want 1",
		`,"time_s":1,"device":{"id":""}`:                      "device has neither id nor name",
		`,"time_s":1,"method":"guess"`:                        `method "guess", want counter, integral, power-x-time, time or published`,
		`,"time_s":1,"scope":"rack"`:                          `scope "rack", want board, module, package or wall`,
		`,"energy_j":1,"scope":""`:                            `scope "", want board, module, package or wall`,
		`,"time_s":1,"level":"layer"`:                         `level "layer", want operator, module or model`,
		`,"time_s":1,"buffers":"cold"`:                        `buffers "cold", want hot or rotated`,
		`,"time_s":1,"timestamp":"0000-01-01T00:00:00+01:00"`: "timestamp: year -1",
	} {
		records, err := ReadRecords(strings.NewReader(minimal+members+"}\n"), "f")
		if len(records) != 0 || err == nil || err.Error() != "f:1: "+want {
			t.Errorf("%s: %d records, error %v; want f:1: %s", members, len(records), err, want)
		}
	}
}

func TestTornTail(t *testing.T) {
	whole := minimal + `,"time_s":1}` + "\n"
	for cut := 1; cut < len(whole)-1; cut++ {
		records, err := ReadRecords(strings.NewReader(whole+whole[:cut]), "f")
		torn := (*TornTailError)(nil)
		if len(records) != 1 || !errors.As(err, &torn) || torn.Line != 2 || torn.Offset != int64(len(whole)) {
			t.Fatalf("cut after %d bytes: %d records, error %v", cut, len(records), err)
		}
	}
	records, err := ReadRecords(strings.NewReader(whole+whole[:len(whole)-1]), "f")
	if len(records) != 2 || err != nil {
		t.Errorf("a whole last line without a line feed: %d records, %v", len(records), err)
	}
}

func TestReadRecordsReaderFails(t *testing.T) {
	broken := errors.New("cable pulled")
	for _, in := range []string{"", minimal + `,"time_s":1}` + "\n", minimal + `,"time_s":1}`} {
		_, err := ReadRecords(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), "f")
		if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "f: ") {
			t.Errorf("after %q: %v", in, err)
		}
	}
}

func TestReadRecordsStopsOnForeignFile(t *testing.T) {
	_, err := ReadRecords(strings.NewReader(strings.Repeat("a,b,c\n", 1000)), "table.csv")
	if err == nil || strings.Count(err.Error(), "\n") != maxSyntaxErrors || !strings.HasSuffix(err.Error(), "is this a file of records?") {
		t.Errorf("got %v", err)
	}
}

func TestReadRecordsLongLine(t *testing.T) {
	in := `{"driver":"` + strings.Repeat("x", maxRecordLine) + `"}` + "\n" + minimal + `,"time_s":1}` + "\n"
	records, err := ReadRecords(strings.NewReader(in), "f")
	if len(records) != 1 || err == nil || err.Error() != "f:1: longer than 4.000 MiB" {
		t.Errorf("%d records, %v", len(records), err)
	}
}

func TestWriteRecordRefuses(t *testing.T) {
	r := sample()
	r.Energy = new(Joules(math.NaN()))
	var out bytes.Buffer
	err := WriteRecord(&out, r)
	if err == nil || err.Error() != `record of "encoder.layer.0": energy_j is not finite` || out.Len() != 0 {
		t.Errorf("%v, %d bytes written", err, out.Len())
	}
}

// FuzzReadRecords holds that what was read can be written, and that reading it again gives the same bytes.
func FuzzReadRecords(f *testing.F) {
	f.Add([]byte(sampleLine))
	f.Add([]byte(sampleLine[:100]))
	f.Add([]byte(minimal + `,"time_s":1e-300,"timestamp":"9999-12-31T23:59:59-01:00"}` + "\n\n{}\nnull\n"))
	f.Add([]byte(minimal + `,"time_s":5e-324,"flags":[],"clocks":{},"runtime":{"options":{"\u2028":"<\ud800"}}}`))
	f.Add([]byte(minimal + `,"time_s":1,"runtime":{"options":{}}}`))
	f.Add([]byte(strings.Repeat("{}\n", 5000)))
	f.Add([]byte(minimal + `,"flags":[` + strings.Repeat(`"cv",`, 5000) + `"cv"]}`))
	f.Add([]byte(minimal + `,"runtime":` + strings.Repeat("[", 20000)))
	f.Add([]byte(minimal + `,"time_s":1e-15,"timestamp":"9999-12-31T23:59:59-01:00"}` + "\n\n{}\nnull\n"))
	f.Add([]byte(minimal + `,"time_s":1e9,"flags":[],"clocks":{},"runtime":{"options":{"\u2028":"<\ud800"}}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var records []Record
		bounded.Run(t, "reading", func() { records, _ = ReadRecords(bytes.NewReader(in), "fuzz") })
		first := write(t, records)
		again, err := ReadRecords(bytes.NewReader(first), "fuzz")
		if err != nil || len(again) != len(records) {
			t.Fatalf("%d records became %d: %v\n%s", len(records), len(again), err, first)
		}
		if second := write(t, again); !bytes.Equal(first, second) {
			t.Errorf("not stable:\n%s%s", first, second)
		}
	})
}

func write(t *testing.T, records []Record) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, r := range records {
		if err := WriteRecord(&out, r); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}
