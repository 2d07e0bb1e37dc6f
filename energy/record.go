package energy

import (
	"encoding/json"
	"time"
)

// RecordSchema is the version of the record format that this package writes.
const RecordSchema = 1

// Method says how a record's energy was obtained.
type Method string

// The methods, from the most to the least direct.
const (
	MethodCounter   Method = "counter"      // difference of two readings of the device's energy counter
	MethodIntegral  Method = "integral"     // integral of polled power
	MethodPowerTime Method = "power-x-time" // mean power times duration: an approximation for short windows
	MethodTime      Method = "time"         // no energy, only time was measured
	MethodPublished Method = "published"    // taken from a publication
)

// Boundary says what an energy covers.
type Boundary string

// The boundaries.
const (
	BoundaryBoard   Boundary = "board"   // the GPU's board, memory included
	BoundaryModule  Boundary = "module"  // GPU and CPU of a module that measures them together
	BoundaryPackage Boundary = "package" // the processor's sockets, with the memory where that is measured
	BoundaryWall    Boundary = "wall"    // the whole machine at the plug
)

// Level says what was measured.
type Level string

// The levels, from leaf to root.
const (
	LevelOperator Level = "operator"
	LevelModule   Level = "module"
	LevelModel    Level = "model"
)

// Flags of records: what is doubtful about a measurement.
const (
	FlagCV        = "cv"              // the windows do not agree
	FlagThrottled = "throttled"       // heat or the supply slowed the device down
	FlagPowerCap  = "power-cap"       // the power limit slowed the device down: large products may sit there for good
	FlagClock     = "clock-changed"   // clocks differed between windows
	FlagForeign   = "foreign-process" // somebody else used the device
	FlagHostBound = "host-bound"      // the device waited for the host: no figure of a kernel
	FlagShort     = "short"           // too few updates of the meter
	FlagDrift     = "drift"           // the anchors had moved too far to be corrected
	FlagPower     = "implausible"     // mean power below idle or above the limit
)

// Unusable are the flags that keep a measurement out of a fit.
func Unusable() []string {
	return []string{FlagCV, FlagThrottled, FlagClock, FlagForeign, FlagShort, FlagDrift, FlagPower}
}

// FeatureUnknown is the feature that counts kernels that were run and whose cost nobody knows: Work lacks them.
const FeatureUnknown = "unknown"

// Contexts of measured operators.
const (
	ContextAlone = ""         // the operator ran alone
	ContextModel = "in-model" // what one more of it adds to a run of its model
)

// Record is one measurement of one operator, module or model: energy and time of a single execution, in SI units. A nil
// number was not measured. Energy is gross; NetEnergy has the idle power taken off.
type Record struct {
	Schema  int          `json:"schema"` // version of the format
	Device  RecordDevice `json:"device"`
	Driver  string       `json:"driver,omitempty"` // version of the device's driver
	Runtime Runtime      `json:"runtime,omitzero"`
	Clocks  *Clocks      `json:"clocks,omitempty"`

	Method   Method   `json:"method"`          // how the energy was obtained
	Boundary Boundary `json:"scope,omitempty"` // of the energies; may be empty where there are none
	Level    Level    `json:"level"`           // what was measured

	Model     string             `json:"model,omitempty"`     // name of the model, as the file of its graph has it
	Path      string             `json:"path,omitempty"`      // call instance of the module: "encoder.layer.0"
	Op        string             `json:"op,omitempty"`        // operator type: "MatMul"
	Class     string             `json:"class,omitempty"`     // operator class of the energy model: "gemm"
	Signature string             `json:"signature,omitempty"` // what makes two operators the same measurement
	DType     string             `json:"dtype,omitempty"`     // element type that it computes in
	Dims      map[string]int64   `json:"dims,omitempty"`      // batch, sequence, m, n, k …
	Features  map[string]float64 `json:"features,omitempty"`  // of the whole subtree: flops, bytes, launches …
	Work      []Work             `json:"work,omitempty"`      // the kernels of the subtree
	Context   string             `json:"context,omitempty"`   // of an operator: ContextAlone, ContextModel
	Anchor    bool               `json:"anchor,omitempty"`    // measured again and again, to tell drift
	Session   string             `json:"session,omitempty"`   // run that took it
	Buffers   string             `json:"buffers,omitempty"`   // "hot" (the same operands each time) or "rotated" (beyond the L2 cache)

	Energy     *Joules  `json:"energy_j,omitempty"`           // joules of one execution, gross
	NetEnergy  *Joules  `json:"net_energy_j,omitempty"`       // joules of one execution, the idle power taken off
	WallEnergy *Joules  `json:"wall_energy_j,omitempty"`      // joules of one execution at the plug, from a wall meter's log, beside Energy
	Time       *Seconds `json:"time_s,omitempty"`             // seconds of one execution
	KernelTime *Seconds `json:"kernel_time_s,omitempty"`      // seconds without the host: launches replayed from a recording
	Idle       *Watts   `json:"idle_w,omitempty"`             // watts of the device without work
	Busy       *float64 `json:"busy,omitempty"`               // share of the time in which the device worked, 0..1
	Drift      *float64 `json:"drift,omitempty"`              // time of the anchors about then over their median: what a correction divides by
	Counter    *float64 `json:"counter_over_power,omitempty"` // energy by the counter over the integral of power, in this session
	Spread     *Spread  `json:"spread,omitempty"`

	Utilisation map[string]float64 `json:"utilisation,omitempty"` // per cent, by the meter's own names
	Flags       []string           `json:"flags,omitempty"`       // doubts about the measurement: "power-cap", "cv", "foreign-process" …
	Timestamp   time.Time          `json:"timestamp,omitzero"`    // end of the measurement
}

// RecordDevice says on which board a record was taken.
type RecordDevice struct {
	ID         string `json:"id"`                      // of the device table, where it is known there
	Name       string `json:"name,omitempty"`          // as the driver reports it
	UUID       string `json:"uuid,omitempty"`          // of the very board
	PowerLimit *Watts `json:"power_limit_w,omitempty"` // watts that the board may draw

	// Of devices that the table does not know.
	Kind        string `json:"kind,omitempty"`         // "gpu", "cpu"
	Units       int    `json:"units,omitempty"`        // multiprocessors, or cores in use
	CacheBytes  int64  `json:"cache_bytes,omitempty"`  // bytes of the last level of cache
	MemoryBytes int64  `json:"memory_bytes,omitempty"` // bytes of memory
}

// Work is one kind of kernel of what a record measures, as often as it runs. Features of the energy model follow from
// it on any device.
type Work struct {
	Class    string    `json:"class"`          // operator class of the energy model
	DType    string    `json:"dtype"`          // element type
	Count    int64     `json:"count"`          // equal kernels
	MACs     int64     `json:"macs,omitempty"` // multiply-accumulates of one kernel
	Read     int64     `json:"bytes_read"`     // bytes that one kernel reads
	Written  int64     `json:"bytes_written"`  // bytes that one kernel writes
	Products []Product `json:"products,omitempty"`

	// What kernels that are more than products or rows of their class say beside that.
	Row       string         `json:"row,omitempty"`       // row operator, such as add_rmsnorm; none where the class says enough
	Elements  int64          `json:"elements,omitempty"`  // of the rows that a kernel without products goes over
	Quant     string         `json:"quant,omitempty"`     // how weights are stored; none where the element type says that
	Attention *WorkAttention `json:"attention,omitempty"` // of one fused kernel, whose two products are the last
	Experts   *WorkExperts   `json:"experts,omitempty"`   // of a layer of experts
}

// WorkAttention is the geometry of a fused attention: batch sequences of query tokens that look at context tokens.
type WorkAttention struct {
	Batch   int64  `json:"batch"`            // sequences
	Heads   int64  `json:"heads"`            // of queries
	KVHeads int64  `json:"kv_heads"`         // of keys and values
	HeadDim int64  `json:"head_dim"`         // elements of a head
	Query   int64  `json:"query"`            // tokens
	Context int64  `json:"context"`          // tokens, those of a cache among them
	Window  int64  `json:"window,omitempty"` // tokens that each looks back at most; 0: all
	Causal  bool   `json:"causal,omitempty"` // tokens look at those before them only
	DType   string `json:"dtype,omitempty"`  // element type of queries; that of the kernel where there is none
	Cache   string `json:"cache,omitempty"`  // element type of keys and values as they are stored; that of queries where there is none
}

// WorkExperts is a layer of experts of which each token goes through TopK.
type WorkExperts struct {
	Tokens  int64 `json:"tokens"`          // rows
	Hidden  int64 `json:"hidden"`          // elements of a token
	Inter   int64 `json:"inter"`           // width of an expert
	TopK    int64 `json:"top_k"`           // experts a token
	Experts int64 `json:"experts"`         // of the layer
	Gated   bool  `json:"gated,omitempty"` // three matrices an expert, not two
}

// Product is a matrix product, Batch times (M×K)·(K×N).
type Product struct {
	Batch  int64 `json:"batch"`            // products
	M      int64 `json:"m"`                // rows of the result
	N      int64 `json:"n"`                // columns of the result
	K      int64 `json:"k"`                // depth of the sum
	Weight bool  `json:"weight,omitempty"` // the right operand is shared by the whole batch
}

// Runtime says what executed the operators.
type Runtime struct {
	Name    string            `json:"name,omitempty"`    // "onnxruntime", "pytorch"
	Version string            `json:"version,omitempty"` // of Name
	Profile string            `json:"profile,omitempty"` // which nodes run as one kernel: "eager", "ort-basic" …
	Options map[string]string `json:"options,omitempty"` // of the execution provider, TF32 included
}

// IsZero reports whether r says nothing: such a runtime is not written.
func (r Runtime) IsZero() bool {
	return r.Name == "" && r.Version == "" && r.Profile == "" && len(r.Options) == 0
}

// Clocks holds what the device ran at, before and after the measurement.
type Clocks struct {
	SMBefore     *Hertz   `json:"sm_before_hz,omitempty"`         // hertz of the multiprocessors
	SMAfter      *Hertz   `json:"sm_after_hz,omitempty"`          // hertz of the multiprocessors
	MemoryBefore *Hertz   `json:"memory_before_hz,omitempty"`     // hertz of the memory
	MemoryAfter  *Hertz   `json:"memory_after_hz,omitempty"`      // hertz of the memory
	Locked       bool     `json:"locked,omitempty"`               // the clocks were fixed
	TempBefore   *Celsius `json:"temperature_before_c,omitempty"` // degrees Celsius
	TempAfter    *Celsius `json:"temperature_after_c,omitempty"`  // degrees Celsius
}

// Spread says how far the repeated windows of one measurement agree.
type Spread struct {
	CV            *float64  `json:"cv,omitempty"`               // standard deviation over mean of the windows
	Windows       []Joules  `json:"windows_j,omitempty"`        // joules of one execution, window by window
	Times         []Seconds `json:"times_s,omitempty"`          // seconds of one execution, window by window
	Window        *Seconds  `json:"window_s,omitempty"`         // seconds of one window
	Iterations    int64     `json:"iterations,omitempty"`       // executions in one window
	CounterPeriod *Seconds  `json:"counter_period_s,omitempty"` // seconds between two updates of the meter
}

// Identity tells kernels from others, however often they run.
func (w Work) Identity() string {
	w.Count = 0
	text, err := json.Marshal(w)
	if err != nil {
		return err.Error() // there are only numbers and words
	}
	return string(text)
}
