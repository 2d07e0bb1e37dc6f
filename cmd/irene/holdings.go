package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/onnx"
)

// holding is what an input of the command holds, and which flag or command takes it.
type holding struct {
	what  string
	takes string
}

// What files hold.
var (
	ofModel        = holding{"an ONNX model", "it is an argument of irene analyze; irene profile measures it"}
	ofCoefficients = holding{"coefficients", "--coefficients takes them"}
	ofRecords      = holding{"records of measurements", "irene train --data makes coefficients of them, irene analyze --measured takes those of the model"}
	ofTrees        = holding{"IrEne's trees", "irene train --data makes coefficients of them, irene analyze --measured takes those of the model"}
	ofTrace        = holding{"a trace", "irene analyze --measured takes it"}
	ofRows         = holding{"rows of operators", "irene predict and irene train --operators take them"}
	ofReport       = holding{"a report of irene", "it is written and not read"}
	ofBaseline     = holding{"a model of irene baseline", "irene baseline --with takes it"}
	ofConfig       = holding{"the configuration of a checkpoint", "export its model: optimum-cli export onnx --model FOLDER onnx/"}
	ofRequests     = holding{"requests", "irene generate --trace takes them"}
)

// heldBy tells what a file holds by its beginning; false where that is nothing the command knows.
func heldBy(path string, begin []byte) (holding, bool) {
	keys := topKeys(begin)
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(k string) bool { return !slices.Contains(keys, k) })
	}
	switch {
	case has("irene", "schema"):
		return ofReport, true
	case has("schema", "provenance"), has("schema", "classes"):
		return ofCoefficients, true
	case has("format", "leaves"):
		return ofBaseline, true
	case has("model_type"), has("architectures"):
		return ofConfig, true
	case has("prompt"), has("prompt_tokens"):
		return ofRequests, true
	}
	kinds := map[measured.Kind]holding{
		measured.KindTrees: ofTrees, measured.KindRecords: ofRecords, measured.KindOperators: ofRows, measured.KindTrace: ofTrace,
	}
	if h, ok := kinds[measured.KindOf(begin)]; ok {
		return h, true
	}
	if what := onnx.LooksLike(path, begin); what == ofModel.what {
		return ofModel, true
	}
	return holding{}, false
}

// topKeys are the members of the JSON object that a file begins with, as far as the beginning goes.
func topKeys(begin []byte) (keys []string) {
	d := json.NewDecoder(bytes.NewReader(begin))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return keys
		}
		keys = append(keys, key)
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return keys
		}
	}
	return keys
}

// misplaced says of a file that could not be read as what was wanted that it holds something else, and which flag takes that.
// Other errors pass.
func misplaced(err error, path string, begin []byte, wanted ...holding) error {
	if err == nil {
		return nil
	}
	if len(begin) == 0 && !errors.As(err, new(*usageError)) {
		return fmt.Errorf("%s: the file is empty; wanted are %s", path, wanted[0].what)
	}
	h, known := heldBy(path, begin)
	switch {
	case !known:
		what := onnx.LooksLike(path, begin)
		if what == "" || what == "a JSON file" {
			return err
		}
		return fmt.Errorf("%s: wanted are %s; it looks like %s", path, wanted[0].what, what)
	case slices.Contains(wanted, h):
		return err
	}
	return fmt.Errorf("%s: wanted are %s; it holds %s: %s", path, wanted[0].what, h.what, h.takes)
}
