// Package oracle holds the shapes that irene infers against onnx-go's official test suite: 348 models of opsets 6 to 10
// with the tensors they give. It has only tests, and lies apart because the suite takes long to compile.
package oracle
