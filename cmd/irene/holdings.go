package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/irene-onnx/irene/energy/measured"
	"github.com/irene-onnx/irene/onnx"
)

// holding is what an input of the command holds, and which flag or command takes it.
type holding struct {
	what  string
	file  string // a file of it
	takes string
}

// What files hold.
var (
	ofModel        = holding{"an ONNX model", "an ONNX model", "irene analyze takes it as an argument, irene profile measures it"}
	ofCoefficients = holding{"coefficients", "a coefficient file", "--coefficients takes them"}
	ofRecords      = holding{"records of measurements", "a file of records", "irene train --data makes coefficients of them, irene analyze --measured takes those of the model"}
	ofTrees        = holding{"IrEne's trees", "a file of IrEne's trees", "irene train --data makes coefficients of them, irene analyze --measured takes those of the model"}
	ofTrace        = holding{"a trace", "a trace", "irene analyze --measured takes it"}
	ofRows         = holding{"rows of operators", "a file of operators", "irene predict and irene train --operators take them"}
	ofReport       = holding{"a report of irene", "a report of irene", "irene writes it and does not read it"}
	ofBaseline     = holding{"a model of irene baseline", "a model of irene baseline", "irene baseline --with takes it"}
	ofConfig       = holding{"the configuration of a checkpoint", "the configuration of a checkpoint", "export its model: optimum-cli export onnx --model FOLDER onnx/"}
	ofRequests     = holding{"requests", "a file of requests", "irene generate --trace takes them"}
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
	if err == nil || len(begin) == 0 {
		return err
	}
	h, known := heldBy(path, begin)
	what := onnx.LooksLike(path, begin)
	switch {
	case known && slices.Contains(wanted, h):
		return err
	case known:
		return fmt.Errorf("%s: not %s: it holds %s; %s", path, filesOf(wanted), h.what, h.takes)
	case what == "" || what == "a JSON file" || what == "text": // the reader says where it is broken
		return err
	}
	return fmt.Errorf("%s: not %s: it looks like %s", path, filesOf(wanted), what)
}

// filesOf names what files may hold: "a file of records or a trace".
func filesOf(wanted []holding) string {
	var names []string
	for _, w := range wanted {
		names = append(names, w.file)
	}
	return strings.Join(names, " or ")
}
