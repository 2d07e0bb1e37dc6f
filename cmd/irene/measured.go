package main

import (
	"bytes"
	"fmt"

	"github.com/irene-onnx/irene/energy"
	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/irene"
	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/energy/predict"
	"github.com/irene-onnx/irene/energy/trace"
	"github.com/irene-onnx/irene/graph/analysis"
)

// applyMeasured puts measured times, or measured energies, in the place of predictions.
func applyMeasured(env *environment, a *analysis.Analysis, r *predict.Result, c *coefficients.Coefficients, q predictionRequest) error {
	if q.mode == predict.ModeSpec {
		return nil
	}
	if r.Origin == predict.OriginEstimated {
		return fmt.Errorf("--measured: the coefficients are of %s, the prediction is for %s: measurements of one device tell nothing of another", c.Device, r.Device.ID)
	}
	m, err := readMeasured(env, a, q.measured, r.Device.ID)
	if err != nil {
		return err
	}
	if len(m.Traced) > 0 && q.mode == predict.ModeMetered {
		return usagef("--mode measured: %s is a trace, which holds times and no energies; use --mode runtime", q.measured)
	}
	return measured.Apply(r, a, m, q.mode, c)
}

// readMeasured reads records, IrEne's trees or another tool's trace of the analyzed model at the analyzed dims.
func readMeasured(env *environment, a *analysis.Analysis, path, device string) (*measured.Overlay, error) {
	f, err := readMeasurements(env, path, ofRecords, ofTrees, ofTrace)
	if err != nil {
		return nil, err
	}
	switch f.kind {
	case measured.KindTrees:
		trees, err := f.trees()
		if err != nil {
			return nil, err
		}
		return bestTree(a, trees, path)
	case measured.KindTrace:
		return joinTrace(a, f.text, path, device)
	}
	records, err := energy.ReadRecords(bytes.NewReader(f.text), path)
	if err != nil {
		return nil, err
	}
	m, err := measured.FromRecords(a, records, device)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(m.Modules)+len(m.Nodes)+len(m.Kernels) == 0 {
		return nil, fmt.Errorf("%s: no record of this model at these dims", path)
	}
	return m, nil
}

// bestTree is the measured tree of these dims that fits the model: the one with the fewest places the model lacks.
func bestTree(a *analysis.Analysis, trees []*irene.Tree, path string) (*measured.Overlay, error) {
	var best *measured.Overlay
	for _, t := range trees {
		if !measured.TreeFits(a, t) {
			continue
		}
		m := measured.FromTree(a, t)
		if best == nil || len(m.Missing) < len(best.Missing) || (len(m.Missing) == len(best.Missing) && len(m.Modules) > len(best.Modules)) {
			best = m
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%s: no tree of this batch size and sequence length", path)
	}
	if len(best.Missing) > len(best.Modules) {
		return nil, fmt.Errorf("%s: no tree of this model: the closest has %d places that the model lacks, such as %q", path, len(best.Missing), best.Missing[0])
	}
	return best, nil
}

// joinTrace joins another tool's trace: times of operators as a runtime formed them.
func joinTrace(a *analysis.Analysis, data []byte, path, device string) (*measured.Overlay, error) {
	t, err := trace.Read(bytes.NewReader(data), path)
	if err != nil {
		return nil, err
	}
	if d, err := energy.LookupDevice(t.Device); err == nil && d.ID != device {
		return nil, fmt.Errorf("%s was taken on %s, the prediction is for %s: measurements of one device tell nothing of another", path, d.ID, device)
	}
	m, err := measured.FromTrace(a, t)
	if err != nil {
		return nil, err
	}
	if t.OnCPU() {
		m.Notes = append(m.Notes, fmt.Sprintf("%s: its operators ran on the CPU; at the power of %s, its times tell of neither device", path, device))
	}
	return m, nil
}
