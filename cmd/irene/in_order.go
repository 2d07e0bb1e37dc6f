package main

import (
	"iter"
	"sync"
)

// aheadOfOutput is how many results each worker may be ahead of what was taken.
const aheadOfOutput = 4

// inOrder has workers do jobs side by side, and yields what comes of them in the order of the jobs. Jobs are asked for as
// workers need them, so that neither jobs nor results pile up. Whoever stops early waits for what is begun.
func inOrder[J, R any](workers int, jobs iter.Seq[J], do func(J) R) iter.Seq[R] {
	type task struct {
		job  J
		done chan R
	}
	return func(yield func(R) bool) {
		tasks, order := make(chan task), make(chan chan R, aheadOfOutput*workers)
		stop := make(chan struct{})
		var running sync.WaitGroup
		running.Go(func() {
			defer close(order)
			defer close(tasks)
			for j := range jobs {
				t := task{j, make(chan R, 1)}
				select {
				case order <- t.done:
				case <-stop:
					return
				}
				select {
				case tasks <- t:
				case <-stop:
					return
				}
			}
		})
		for range workers {
			running.Go(func() {
				for t := range tasks {
					t.done <- do(t.job)
				}
			})
		}
		defer running.Wait()
		defer close(stop)
		for done := range order {
			if !yield(<-done) {
				return
			}
		}
	}
}
