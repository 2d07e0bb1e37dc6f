// Calls into ONNX Runtime without its headers: OrtApi is a table of functions that only ever grows, so that a place in it
// means the same in every version.

#ifndef IRENE_ORT_SHIM_H
#define IRENE_ORT_SHIM_H

#include <stddef.h>
#include <stdint.h>

typedef struct irene_ort irene_ort; // a loaded library with its environment
typedef struct irene_run irene_run; // a session with its inputs and outputs bound

// What went wrong, the code as ONNX Runtime counts them, or one of ours below 0. Without text nothing did. The text is the
// caller's to free.
typedef struct {
	int code;
	char *text;
} irene_status;

enum { IRENE_STOPPED = -1, IRENE_LIBRARY = -2, IRENE_VERSION = -3, IRENE_MEMORY = -4 };
enum { IRENE_CPU = 0, IRENE_CUDA = 1, IRENE_TENSORRT = 2 };

// How a session is made. Keys and values are strings in pairs.
typedef struct {
	int provider, device, threads;
	int level;             // of graph optimization
	const char *optimized; // file for the optimised model, or NULL
	char **options;        // of the provider
	size_t options_len;
	char **entries; // of the session's configuration
	size_t entries_len;
	int placements; // whether to keep what the library says about where nodes are placed
} irene_config;

// Library and environment. Nothing is printed: what the library logs of errors is kept for irene_log.
irene_status irene_open(const char *path, irene_ort **out);
const char *irene_version(const irene_ort *o);
const char *irene_build(const irene_ort *o);
irene_status irene_providers(irene_ort *o, char **out); // names, each followed by a newline; the caller frees them
char *irene_log(irene_ort *o);                          // the log since the last call; the caller frees it

// Sessions. The model is a file's path or, without one, bytes.
irene_status irene_session(irene_ort *o, const irene_config *c, const char *path, const void *model, size_t len, irene_run **out);
char *irene_placements(irene_run *r); // the caller frees it
void irene_release(irene_run *r);

// Inputs and outputs. A tensor lies in the host's memory until it is bound, which copies it to where the session reads it.
irene_status irene_tensor(irene_run *r, const int64_t *dims, size_t n, int type, void **tensor, void **data);
irene_status irene_bind(irene_run *r, const char *name, void *tensor); // releases the tensor
irene_status irene_bind_outputs(irene_run *r);
irene_status irene_fix_outputs(irene_run *r); // binds the memory in which the last run left its outputs

// Running. The first three on one thread, the others on any.
irene_status irene_once(irene_run *r, int eager); // eager: without recording or replaying a graph
irene_status irene_burst(irene_run *r, int64_t n, int64_t *ns);
irene_status irene_loop(irene_run *r); // until it is stopped
void irene_arm(irene_run *r);          // before a burst or a loop: forgets the last stop and the last progress
void irene_stop(irene_run *r);
void irene_progress(irene_run *r, int64_t *runs, int64_t *at_ns);

// Gives crashes back to the system, so that a process that crashes dies of the signal, and leaves no core file.
void irene_plain_signals(void);

#endif
