package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestInOrder has jobs end in another order than they begin, and counts what waits.
func TestInOrder(t *testing.T) {
	for _, workers := range []int{1, 3, 50} {
		synctest.Test(t, func(t *testing.T) {
			const jobs = 40
			var begun, taken, most, at atomic.Int64
			each := func(yield func(int) bool) {
				for i := range jobs {
					most.Store(max(most.Load(), int64(i)-taken.Load()))
					if !yield(i) {
						return
					}
				}
			}
			var got []int
			for i := range inOrder(workers, each, func(i int) int {
				begun.Add(1)
				at.Add(1)
				time.Sleep(time.Duration(jobs-i) * time.Second) // later jobs are done first
				at.Add(-1)
				return i
			}) {
				got = append(got, i)
				taken.Add(1)
			}
			if !slices.IsSorted(got) || len(got) != jobs || begun.Load() != jobs || at.Load() != 0 {
				t.Errorf("%d workers: %d jobs begun, results %v", workers, begun.Load(), got)
			}
			if bound := int64((aheadOfOutput+1)*workers + 1); most.Load() > bound {
				t.Errorf("%d workers: %d jobs ahead of what was taken, want at most %d", workers, most.Load(), bound)
			}
		})
	}
}

// TestInOrderStops takes a few results of endless jobs; no worker stays behind, which synctest would report.
func TestInOrderStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endless := func(yield func(int) bool) {
			for i := 0; yield(i); i++ {
			}
		}
		var mu sync.Mutex
		begun := 0
		for i := range inOrder(4, endless, func(i int) int {
			mu.Lock()
			defer mu.Unlock()
			begun++
			return i
		}) {
			if i == 5 {
				break
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if begun < 6 {
			t.Errorf("%d jobs begun", begun)
		}
	})
}
