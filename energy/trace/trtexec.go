package trace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"

	"github.com/irene-onnx/irene/energy"
)

// layerTime is one element of trtexec's --exportProfile: the first holds the number of iterations, each other one layer
// with its time in all of them, and per iteration. TensorRT's samples/common/sampleReporting.cpp writes it.
type layerTime struct {
	Name   string   `json:"name"`
	Count  float64  `json:"count"`
	Total  *float64 `json:"timeMs"`
	Mean   *float64 `json:"averageMs"`
	Median *float64 `json:"medianMs"`
}

func (l *layerTime) check() error {
	for _, ms := range []*float64{&l.Count, l.Total, l.Mean, l.Median} {
		if ms != nil && !(*ms >= 0 && *ms <= maxMicros) {
			return fmt.Errorf("%q: %g", l.Name, *ms)
		}
	}
	return nil
}

// mean is the time of one iteration.
func (l *layerTime) mean(count float64) energy.Seconds {
	switch {
	case l.Mean != nil:
		return micros(*l.Mean * 1e3)
	case l.Total != nil && count > 0:
		return micros(*l.Total * 1e3 / count)
	case l.Median != nil:
		return micros(*l.Median * 1e3)
	}
	return 0
}

// layerInfo is --exportLayerInfo. Layers are names alone unless the engine was built with --profilingVerbosity=detailed.
// Metadata lists the ONNX nodes of the layer: "[ONNX Layer: /a/MatMul]\x1f[ONNX Layer: /a/Add]".
type layerInfo struct {
	Layers []json.RawMessage `json:"Layers"`
}

type layerDetail struct {
	Name     string `json:"Name"`
	Type     string `json:"LayerType"`
	Metadata string `json:"Metadata"`
}

// trtexec makes events of the layers' times, and of what the layer information after them says of each.
func (s *source) trtexec(layers []layerTime) (*Trace, error) {
	t := &Trace{Kind: KindTRTExec, Runs: 1}
	var count float64
	for i := range layers {
		if layers[i].Count > 0 {
			count = layers[i].Count
		}
	}
	if count >= 1 && count < math.MaxInt32 {
		t.Runs = int(count)
	}
	details, err := s.layerDetails()
	if err != nil {
		return nil, err
	}
	for i := range layers {
		l := &layers[i]
		time := l.mean(count)
		if l.Name == "" || time == 0 {
			continue
		}
		e := Event{Name: l.Name, Provider: "tensorrt", Index: -1, Time: time, Calls: t.Runs}
		e.Names, e.Between, e.Op = layerNames(l.Name)
		if d, ok := details[l.Name]; ok {
			if named := metadataNames(d.Metadata); len(named) > 0 {
				e.Names, e.Between = named, false
			}
			if e.Op == "" {
				e.Op = d.Type
			}
		}
		t.Events = append(t.Events, e)
	}
	return t, nil
}

// layerDetails reads the layer information behind the times, by the layer's name.
func (s *source) layerDetails() (map[string]layerDetail, error) {
	var info layerInfo
	if err := s.d.Decode(&info); errors.Is(err, io.EOF) {
		return nil, nil
	} else if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return nil, fmt.Errorf("%s: what follows the times is no layer information of trtexec", s.file)
	} else if err != nil {
		return nil, s.syntax(err)
	}
	out := map[string]layerDetail{}
	for _, raw := range info.Layers {
		var d layerDetail
		if json.Unmarshal(raw, &d) == nil && d.Name != "" {
			out[d.Name] = d
		}
	}
	return out, nil
}

// metadataNames lists the ONNX nodes in a layer's metadata.
func metadataNames(metadata string) []string {
	var out []string
	for i, part := range strings.Split(metadata, "[ONNX Layer: ") {
		if end := strings.LastIndexByte(part, ']'); i > 0 && end > 0 {
			out = append(out, part[:end])
		}
	}
	return out
}

// What TensorRT puts around names of layers.
var (
	reformat = regexp.MustCompile(`^Reformatting CopyNode for (?:Input|Output) Tensor \d+ to `)
	foreign  = regexp.MustCompile(`^\{ForeignNode\[(.*)\]\}$`)
	myelin   = regexp.MustCompile(`_myl\d+_\d+$`)
	cloned   = regexp.MustCompile(`(?:_clone_\d+)? copy$|_clone_\d+$`)
)

// layerNames takes the name of a layer apart: "a + b" holds both, "PWN(a, b)" is a pointwise kernel of both,
// "{ForeignNode[a...b]}" is everything from a to b, and a reformatting belongs to the layer that it feeds.
func layerNames(name string) (names []string, between bool, op string) {
	if rest := reformat.ReplaceAllString(name, ""); rest != name {
		names, between, _ = layerNames(rest)
		return names, between, "Reformat"
	}
	if m := foreign.FindStringSubmatch(name); m != nil {
		if first, last, ok := strings.Cut(m[1], "..."); ok {
			return []string{bareLayer(first), bareLayer(last)}, true, "ForeignNode"
		}
		return []string{bareLayer(m[1])}, false, "ForeignNode"
	}
	for _, part := range strings.Split(name, " + ") {
		for _, one := range strings.Split(part, ", ") {
			for strings.HasPrefix(one, "PWN(") {
				one, op = one[len("PWN("):], "PointWise"
			}
			for strings.HasSuffix(one, ")") && strings.Count(one, ")") > strings.Count(one, "(") {
				one = strings.TrimSuffix(one, ")")
			}
			if one = bareLayer(one); one != "" {
				names = append(names, one)
			}
		}
	}
	return names, false, op
}

// bareLayer drops what TensorRT appends to a name.
func bareLayer(name string) string {
	name = strings.TrimSpace(name)
	name = strings.TrimSuffix(name, "[Constant]")
	name = myelin.ReplaceAllString(name, "")
	return cloned.ReplaceAllString(name, "")
}
