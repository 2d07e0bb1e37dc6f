package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/irene-onnx/irene/energy/coefficients"
	"github.com/irene-onnx/irene/energy/law"
	"github.com/irene-onnx/irene/energy/operator"
)

// rowPredictor predicts rows, for one device or for that of each row.
type rowPredictor struct {
	env     *environment
	request predictionRequest
	options operator.Options
	loaded  *coefficients.Coefficients     // of the request's file
	devices map[string]*operator.Predictor // by the device as rows write it; "" is the request's
	notes   *rowNotes
}

// file streams rows from a file to the output.
func (t *rowPredictor) file(path, output string) error {
	in, err := openInput(t.env, path)
	if err != nil {
		return err
	}
	defer in.Close()
	if t.request.device != nil || t.request.coefficients != "" { // what is wrong with them is no row's fault
		if _, err := t.on(""); err != nil {
			return err
		}
	}
	err = streamOutput(t.env, output, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		rows := 0
		err := operator.ReadRows(in, path, func(row operator.Row) error {
			rows++
			line, err := t.row(&row)
			if err == nil {
				_, err = out.Write(line)
			}
			return err
		})
		if err == nil && rows == 0 {
			err = fmt.Errorf("%s: no rows", path)
		}
		err = in.misread(err, path, ofRows)
		if err != nil {
			return err
		}
		return out.Flush()
	})
	if err != nil {
		return err
	}
	t.notes.say(t.env)
	return nil
}

// row predicts one row and returns its line of output.
func (t *rowPredictor) row(row *operator.Row) ([]byte, error) {
	if t.request.device != nil && row.Device != "" {
		if !t.request.device.Is(row.Device) {
			t.notes.rows[fmt.Sprintf("rows name the device %s, predicted is %s", row.Device, t.request.device.ID)]++
		}
	}
	if row.Unknown != "" {
		t.notes.at(row, row.Unknown+": null")
		return appendRow(row.Members, &law.Prediction{}), nil
	}
	o, err := t.on(row.Device)
	if err != nil {
		return nil, err
	}
	pr, err := o.Predict(&row.Operator)
	if err != nil {
		return nil, err
	}
	t.note(o, &pr)
	return appendRow(row.Members, &pr), nil
}

func (t *rowPredictor) note(o *operator.Predictor, pr *law.Prediction) {
	if pr.Origin == law.OriginEstimated && o.Warning != "" {
		t.notes.rows[o.Warning]++
	}
	if pr.Why != "" {
		t.notes.rows[pr.Why]++
	}
	if pr.Time == 0 && pr.Energy == 0 {
		return
	}
	if pr.Energy == 0 {
		t.notes.rows["energy_j is null: the coefficients were trained on times alone"]++
	}
	if pr.Time == 0 {
		t.notes.rows["time_s is null: the coefficients were trained on energies alone"]++
	}
}

// on prepares predictions on the device asked for, or else on the one that a row names, or else on that of the
// coefficients.
func (t *rowPredictor) on(name string) (*operator.Predictor, error) {
	if t.request.device != nil {
		name = ""
	}
	if o := t.devices[name]; o != nil {
		return o, nil
	}
	q := t.request
	if name != "" {
		d, err := findDevice(name, q.coefficients)
		if err != nil {
			return nil, errors.New(err.Error()) // of a row, not of the command line
		}
		q.device = &d
	}
	if q.device == nil && q.coefficients == "" {
		q.device = q.fallback
	}
	c := t.loaded
	if c == nil {
		var err error
		if c, err = q.load(t.env); err != nil {
			return nil, err
		}
		if q.coefficients != "" {
			t.loaded = c
		}
	}
	if q.settings.Profile != "" && q.settings.Profile != c.Profile {
		t.notes.rows[fmt.Sprintf("the coefficients were measured under the runtime profile %s, not %s", c.Profile, q.settings.Profile)]++
	}
	if q.device == nil {
		d, err := c.Row()
		if err != nil {
			return nil, err
		}
		q.device = &d
	}
	o, err := operator.New(c, *q.device, t.options)
	if err != nil {
		return nil, err
	}
	t.devices[name] = o
	return o, nil
}
