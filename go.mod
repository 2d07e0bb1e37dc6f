module github.com/irene-onnx/irene

go 1.26.0

require google.golang.org/protobuf v1.36.11 // indirect
