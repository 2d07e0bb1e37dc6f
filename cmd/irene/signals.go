package main

import (
	"context"
	"os/signal"
)

// untilStopped is a context that ends when the process is asked to; asked a second time, the process ends.
func untilStopped() (life context.Context, stop func()) {
	life, stop = signal.NotifyContext(context.Background(), stopSignals()...)
	context.AfterFunc(life, stop)
	return life, stop
}
