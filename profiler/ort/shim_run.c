//go:build cgo && linux

#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim_internal.h"

// How long one batch of the loop is to take. Its end is a pause for the device of some microseconds; its length is how
// stale progress is.
static const int64_t batch_ns = 4 * 1000 * 1000;

// The most runs that are enqueued before the host waits for the device.
static const int64_t batch_max = 1024;

irene_status irene_tensor(irene_run *r, const int64_t *dims, size_t n, int type, void **tensor, void **data) {
	irene_ort *o = r->ort;
	TRY(CALL(o, CreateTensorAsOrtValue, (void *, const int64_t *, size_t, int, void **), o->allocator, dims, n, type, tensor));
	irene_status s = CALL(o, GetTensorMutableData, (void *, void **), *tensor, data);
	if (s.text) RELEASE(o, ReleaseValue, *tensor);
	return s;
}

irene_status irene_bind(irene_run *r, const char *name, void *tensor) {
	irene_ort *o = r->ort;
	irene_status s = CALL(o, BindInput, (void *, const char *, void *), r->binding, name, tensor);
	if (!s.text) s = CALL(o, SynchronizeBoundInputs, (void *), r->binding);
	RELEASE(o, ReleaseValue, tensor);
	return s;
}

// find_outputs asks for the names of the outputs.
static irene_status find_outputs(irene_run *r) {
	irene_ort *o = r->ort;
	size_t n = 0;
	TRY(CALL(o, SessionGetOutputCount, (void *, size_t *), r->session, &n));
	r->names = calloc(n + 1, sizeof *r->names);
	if (!r->names) return irene_error(IRENE_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++) {
		char *name = NULL;
		TRY(CALL(o, SessionGetOutputName, (void *, size_t, void *, char **), r->session, i, o->allocator, &name));
		r->names[r->outputs++] = strdup(name);
		TRY(CALL(o, AllocatorFree, (void *, void *), o->allocator, name));
	}
	return irene_fine();
}

irene_status irene_bind_outputs(irene_run *r) {
	irene_ort *o = r->ort;
	TRY(find_outputs(r));
	for (size_t i = 0; i < r->outputs; i++)
		TRY(CALL(o, BindOutputToDevice, (void *, const char *, void *), r->binding, r->names[i], r->memory));
	return irene_fine();
}

irene_status irene_fix_outputs(irene_run *r) {
	irene_ort *o = r->ort;
	void **values = NULL;
	size_t n = 0;
	TRY(CALL(o, GetBoundOutputValues, (void *, void *, void ***, size_t *), r->binding, o->allocator, &values, &n));
	irene_status s = irene_fine();
	for (size_t i = 0; i < n; i++) {
		if (!s.text && i < r->outputs) s = CALL(o, BindOutput, (void *, const char *, void *), r->binding, r->names[i], values[i]);
		RELEASE(o, ReleaseValue, values[i]);
	}
	irene_status freed = values ? CALL(o, AllocatorFree, (void *, void *), o->allocator, values) : irene_fine();
	if (!s.text) return freed;
	free(freed.text);
	return s;
}

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static irene_status run(irene_run *r, void *options) {
	return CALL(r->ort, RunWithBinding, (void *, void *, void *), r->session, options, r->binding);
}

// batch runs n times and leaves the device idle. On a GPU the host waits for the last run only: a stream works in order.
// That run is a synchronised one, which besides lets go of what the others hold.
static irene_status batch(irene_run *r, int64_t n) {
	void *inner = r->provider == IRENE_CPU ? r->sync : r->async;
	for (int64_t i = 1; i < n; i++) TRY(run(r, inner));
	TRY(run(r, r->sync));
	return r->provider == IRENE_CPU ? irene_fine() : CALL(r->ort, SynchronizeBoundOutputs, (void *), r->binding);
}

irene_status irene_once(irene_run *r, int eager) {
	TRY(run(r, eager ? r->eager : r->sync));
	return CALL(r->ort, SynchronizeBoundOutputs, (void *), r->binding);
}

irene_status irene_burst(irene_run *r, int64_t n, int64_t *ns) {
	// On the CPU each run is a batch of its own, so that a stop does not wait for many.
	const int64_t most = r->provider == IRENE_CPU ? 1 : batch_max;
	int64_t start = now();
	for (int64_t done = 0; done < n;) {
		if (atomic_load_explicit(&r->stop, memory_order_relaxed)) return irene_error(IRENE_STOPPED, "interrupted");
		int64_t next = n - done < most ? n - done : most;
		TRY(batch(r, next));
		done += next;
	}
	*ns = now() - start;
	return irene_fine();
}

// publish makes progress visible to other threads: one writer, any number of readers.
static void publish(irene_run *r, int64_t runs, int64_t at) {
	unsigned v = atomic_load_explicit(&r->version, memory_order_relaxed);
	atomic_store(&r->version, v + 1);
	atomic_store(&r->runs, runs);
	atomic_store(&r->at, at);
	atomic_store(&r->version, v + 2);
}

void irene_progress(irene_run *r, int64_t *runs, int64_t *at_ns) {
	unsigned before, after;
	do {
		before = atomic_load(&r->version);
		*runs = atomic_load(&r->runs);
		*at_ns = atomic_load(&r->at);
		after = atomic_load(&r->version);
	} while (before != after || before % 2);
}

void irene_stop(irene_run *r) { atomic_store(&r->stop, 1); }

void irene_arm(irene_run *r) {
	atomic_store(&r->stop, 0);
	publish(r, 0, now());
}

irene_status irene_loop(irene_run *r) {
	int64_t runs = 0, n = 1, from = now(), at;
	while (!atomic_load_explicit(&r->stop, memory_order_relaxed)) {
		TRY(batch(r, n));
		at = now();
		runs += n;
		publish(r, runs, at);
		// The next batch is as long as this one was quick, and at most twice as large: one slow run does not count.
		int64_t took = at - from > 0 ? at - from : 1;
		int64_t fit = n * batch_ns / took;
		n = fit > 2 * n ? 2 * n : fit;
		n = n < 1 ? 1 : n > batch_max ? batch_max : n;
		from = at;
	}
	return irene_fine();
}
