package model

import "math"

// adam is the optimiser of Kingma and Ba (https://arxiv.org/abs/1412.6980) with its usual constants.
type adam struct {
	rate           float64
	mean, square   []float64 // decaying averages of the gradient and of its square
	decay1, decay2 float64   // decay rates to the power of the steps taken
}

const (
	adamBeta1   = 0.9
	adamBeta2   = 0.999
	adamEpsilon = 1e-8
)

func newAdam(rate float64, parameters int) *adam {
	return &adam{rate: rate, mean: make([]float64, parameters), square: make([]float64, parameters), decay1: 1, decay2: 1}
}

// step moves the parameters against the gradient.
func (a *adam) step(parameters, gradient []float64) {
	a.decay1 *= adamBeta1
	a.decay2 *= adamBeta2
	rate, correction := a.rate/(1-a.decay1), 1/math.Sqrt(1-a.decay2)
	mean, square := a.mean[:len(gradient)], a.square[:len(gradient)]
	parameters = parameters[:len(gradient)]
	for i, g := range gradient {
		m := adamBeta1*mean[i] + (1-adamBeta1)*g
		s := adamBeta2*square[i] + (1-adamBeta2)*g*g
		mean[i], square[i] = m, s
		parameters[i] -= rate * m / (math.Sqrt(s)*correction + adamEpsilon)
	}
}
