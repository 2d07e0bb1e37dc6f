package irene_test

import (
	"fmt"
	"log"

	"github.com/irene-onnx/irene"
)

// The energies of a model's modules.
func Example() {
	m, err := irene.Open("fixtures/models/bert-base.onnx")
	if err != nil {
		log.Fatal(err)
	}
	p, err := m.Predict(irene.Options{Dims: map[string]int64{"batch": 8, "sequence": 128}, Device: "gtx-1070"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v (%v to %v) in %v on a %s\n", p.Total().Energy, p.Total().Low, p.Total().High, p.Total().Time, p.Device.ID)
	for _, mod := range p.Modules() {
		if mod.Depth == 1 {
			fmt.Println(mod.Path, mod.Energy, mod.Time)
		}
	}
	// Output:
	// 14.3 J (13.6 J to 15.0 J) in 48.3 ms on a gtx-1070
	// embeddings 59.9 mJ 270 µs
	// encoder 14.2 J 47.9 ms
	// pooler 13.3 mJ 74.2 µs
}

// Two models side by side, and where they differ.
func ExampleCompare() {
	options := irene.Options{Dims: map[string]int64{"batch": 8, "sequence": 128}, Device: "gtx-1070"}
	var predictions []*irene.Prediction
	for _, name := range []string{"bert-base.onnx", "distilbert-base.onnx.gz"} {
		m, err := irene.Open("fixtures/models/" + name)
		if err != nil {
			log.Fatal(err)
		}
		p, err := m.Predict(options)
		if err != nil {
			log.Fatal(err)
		}
		predictions = append(predictions, p)
	}
	for _, pair := range irene.Compare(predictions[0], predictions[1]) {
		switch a, b := pair.A, pair.B; {
		case a == nil || a.Depth != 1:
		case b == nil:
			fmt.Printf("%s: %v, in BERT alone\n", a.Path, a.Energy)
		default:
			r := pair.Energy
			fmt.Printf("%s: %v, %s: %v, %s: %.2fx to %.2fx\n", a.Path, a.Energy, b.Path, b.Energy, r.Verdict, r.Low, r.High)
		}
	}
	// Output:
	// embeddings: 59.9 mJ, embeddings: 38.7 mJ, lower: 0.63x to 0.67x
	// encoder: 14.2 J, transformer: 7.09 J, lower: 0.49x to 0.51x
	// pooler: 13.3 mJ, in BERT alone
}
