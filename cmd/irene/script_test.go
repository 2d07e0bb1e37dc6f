package main

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/irene-onnx/irene/fixtures"
	"github.com/irene-onnx/irene/graph"
	"github.com/irene-onnx/irene/internal/onnxtest"
)

// commandEnv makes the test binary the command.
const commandEnv = "IRENE_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandEnv) != "" { // a test runs the command as a process of its own
		main()
	}
	testscript.Main(m, map[string]func(){"irene": main})
}

// TestScripts runs the command lines of testdata/script, each in a folder that holds the models of fixtureModels and
// testdata/files.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       fixtures.Updating(),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv(deviceVariable, "gtx-1070") // scripts name others where these matter
			env.Setenv("COLUMNS", "500")           // so that sentences stand on one line; width.txtar is about widths
			deploy, err := filepath.Abs("../../deploy")
			if err != nil {
				return err
			}
			env.Setenv("DEPLOY", deploy)
			return errors.Join(writeModels(env), os.CopyFS(env.WorkDir, os.DirFS("testdata/files")))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
		},
	})
}

// status runs a command and wants an exit status: status 2 irene analyze.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command args…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = "?"
		var exit interface{ ExitCode() int }
		if errors.As(err, &exit) {
			got = string(rune('0' + exit.ExitCode()))
		}
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

func writeModels(env *testscript.Env) error {
	for name, file := range fixtureModels() {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), file.Bytes(), 0o644); err != nil {
			return err
		}
	}
	f, err := os.Create(filepath.Join(env.WorkDir, "tiny.onnx.gz"))
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	_, err = z.Write(fixtureModels()["tiny.onnx"].Bytes())
	return errors.Join(err, z.Close(), f.Close())
}

// fixtureModels are the models that scripts speak of.
func fixtureModels() map[string]onnxtest.File {
	return map[string]onnxtest.File{
		"tiny.onnx":    tinyModel(),
		"decoder.onnx": decoderModel(),
		"speech.onnx":  crossModel(),
		"ids.onnx": onnxtest.Model(
			onnxtest.Opset("", 17), onnxtest.In("input_ids", graph.Int64, "batch", "sequence"), onnxtest.Weight("table", graph.Float32, 9, 4),
			onnxtest.Node("Gather", "table input_ids", "y"), onnxtest.Out("y", graph.Float32, "batch", "sequence", 4)),
		"renamed.onnx": renamedModel(),
		"fixed.onnx": onnxtest.Model(
			onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2, 3),
			onnxtest.Node("Relu", "x", "y"), onnxtest.Out("y", graph.Float32, 2, 3)),
		"unknown.onnx": onnxtest.Model(
			onnxtest.Opset("", 17), onnxtest.Opset("com.example", 1), onnxtest.In("x", graph.Float32, "batch", 4),
			onnxtest.Node("Relu", "x", "h", onnxtest.Name("/act/Relu")),
			onnxtest.Node("Frobnicate", "h", "y", onnxtest.Domain("com.example"), onnxtest.Name("/frob/Frobnicate")),
			onnxtest.Out("y", graph.Float32, "batch", 4)),
		"data.onnx": onnxtest.Model(
			onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, "n"),
			onnxtest.Node("NonZero", "x", "i", onnxtest.Name("/pick/NonZero")),
			onnxtest.Node("Cast", "i", "y", onnxtest.Attr("to", int64(1)), onnxtest.Name("/pick/Cast")),
			onnxtest.Out("y", graph.Float32, 1, "k")),
		"names.onnx": onnxtest.Model(
			onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, "n.0", "in"),
			onnxtest.Node("Relu", "x", "y"), onnxtest.Out("y", graph.Float32, "n.0", "in")),
		"wide.onnx": onnxtest.Model( // does more than fixed.onnx
			onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2000, 3000),
			onnxtest.Node("Relu", "x", "y"), onnxtest.Out("y", graph.Float32, 2000, 3000)),
		"reshape.onnx": onnxtest.Model(
			onnxtest.Opset("", 17), onnxtest.In("x", graph.Float32, 2, 6), onnxtest.In("shape", graph.Int64, 2),
			onnxtest.Node("Reshape", "x shape", "y"), onnxtest.Out("y", graph.Float32, nil, nil)),
	}
}

// tinyModel is an encoder of three equal layers and a head, named as a TorchScript export names them.
func tinyModel() onnxtest.File {
	parts := []onnxtest.Part{
		onnxtest.Producer("pytorch"), onnxtest.Opset("", 17),
		onnxtest.In("x", graph.Float32, "batch", "sequence", 8),
	}
	in := "x"
	for _, layer := range []string{"0", "1", "2"} {
		scope, weight := "/encoder/layer."+layer, "encoder.layer."+layer
		name := func(s string) string { return scope + s + "_output_0" }
		parts = append(
			parts,
			onnxtest.Weight("onnx::MatMul_"+layer, graph.Float32, 8, 8),
			onnxtest.Weight(weight+".dense.bias", graph.Float32, 8),
			onnxtest.Node("MatMul", in+" onnx::MatMul_"+layer, name("/dense/MatMul"), onnxtest.Name(scope+"/dense/MatMul")),
			onnxtest.Node("Add", weight+".dense.bias "+name("/dense/MatMul"), name("/dense/Add"), onnxtest.Name(scope+"/dense/Add")),
			onnxtest.Node("Relu", name("/dense/Add"), name("/act/Relu"), onnxtest.Name(scope+"/act/Relu")),
			onnxtest.Node("Add", name("/act/Relu")+" "+in, name("/Add"), onnxtest.Name(scope+"/Add")),
		)
		in = name("/Add")
	}
	return onnxtest.Model(append(
		parts,
		onnxtest.Weight("head.weight", graph.Float32, 8, 4),
		onnxtest.Node("MatMul", in+" head.weight", "/head/MatMul_output_0", onnxtest.Name("/head/MatMul")),
		onnxtest.Node("Softmax", "/head/MatMul_output_0", "y", onnxtest.Name("/Softmax"), onnxtest.Attr("axis", int64(-1))),
		onnxtest.Out("y", graph.Float32, "batch", "sequence", 4),
	)...)
}

// renamedModel is tinyModel with two layers, other names and other names of dims, and a norm that tinyModel does not have.
func renamedModel() onnxtest.File {
	parts := []onnxtest.Part{
		onnxtest.Producer("pytorch"), onnxtest.Opset("", 17),
		onnxtest.In("x", graph.Float32, "batch_size", "seq_len", 8),
	}
	in := "x"
	for _, layer := range []string{"0", "1"} {
		scope := "/net/blocks." + layer
		name := func(s string) string { return scope + s + "_output_0" }
		parts = append(
			parts,
			onnxtest.Weight("onnx::MatMul_"+layer, graph.Float32, 8, 8),
			onnxtest.Node("MatMul", in+" onnx::MatMul_"+layer, name("/fc/MatMul"), onnxtest.Name(scope+"/fc/MatMul")),
			onnxtest.Node("Relu", name("/fc/MatMul"), name("/relu/Relu"), onnxtest.Name(scope+"/relu/Relu")),
			onnxtest.Node("Add", name("/relu/Relu")+" "+in, name("/Add"), onnxtest.Name(scope+"/Add")),
		)
		in = name("/Add")
	}
	return onnxtest.Model(append(
		parts,
		onnxtest.Weight("net.norm.weight", graph.Float32, 8), onnxtest.Weight("net.norm.bias", graph.Float32, 8),
		onnxtest.Node("LayerNormalization", in+" net.norm.weight net.norm.bias", "n", onnxtest.Name("/net/norm/LayerNormalization")),
		onnxtest.Weight("classifier.weight", graph.Float32, 8, 4),
		onnxtest.Node("MatMul", "n classifier.weight", "y", onnxtest.Name("/classifier/MatMul")),
		onnxtest.Out("y", graph.Float32, "batch_size", "seq_len", 4),
	)...)
}
