/*
 * A libonnxruntime.so for tests: it reads models, computes nothing, and takes the time and the energy that a made-up
 * device would take. Build it with
 *
 *	cc -std=gnu11 -shared -fPIC -O1 -Iprofiler/testdata profiler/ort/testdata/fakeort.c -o libonnxruntime.so
 *
 * The device. One node works for
 *
 *	max(FLOPs / 20 TFLOP/s, bytes / bandwidth, 2 µs)
 *
 * and takes 10 pJ a FLOP, 60 or 15 pJ a byte, and 40 W of that time, all above idle. The bandwidth is 1 TB/s; it is 4 TB/s
 * at 15 pJ a byte where everything that the model touches, inputs, outputs and weights, stays within 40 MB. FLOPs are
 * 2·K per element of a MatMul's or a Gemm's output, K the last dim of its first input, and 1 per element else. Bytes are
 * those of the node's inputs and outputs whose shapes the model declares. Nodes come one after the other. The host needs
 * 2 µs to launch a node on a GPU, 1 µs to replay a recording. A GPU works while the host goes on; the CPU provider does not.
 * Work is added to the device of fakedevice.h.
 *
 * Environment:
 *	FAKE_ORT_VERSION         version, 1.27.0
 *	FAKE_ORT_PROVIDERS       providers, with commas: CUDAExecutionProvider,TensorrtExecutionProvider,CPUExecutionProvider
 *	FAKE_ORT_PROVIDER_ERROR  what is logged when a GPU provider cannot be loaded
 *	FAKE_ORT_MISSING         operators without a kernel, with commas
 *	FAKE_ORT_CPU_OPS         operators that a GPU provider leaves to the CPU, with commas
 *	FAKE_ORT_MEMCPY          1: data is copied for these
 *	FAKE_ORT_OOM_BYTES       memory of the device
 *	FAKE_ORT_NO_GRAPH        1: launches cannot be recorded; 2: not found out before the recording
 *	FAKE_ORT_FAULT           kind@operator or kind@operator:N: happens when a session with the operator is made, or in its
 *	                         Nth run. Kinds: segv, abort, kill, exit, hang, error (of CUDA)
 *	FAKE_ORT_LOAD            what loading the library does: hang; fork (a process that stays), daemon (one that leaves its
 *	                         process group, too)
 *	FAKE_ORT_REPORT          file to which is written what was asked for, a line each
 */
#define _GNU_SOURCE
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fakedevice.h"

enum { NAME = 1024, PLACES = 1024 }; /* longest name, most inputs or outputs of a model */

/* ---- small things ---- */

static const char *env(const char *name, const char *otherwise) {
	const char *s = getenv(name);
	return s && *s ? s : otherwise;
}

static int listed(const char *name, const char *word) { /* word is in the list of an environment variable */
	size_t n = strlen(word);
	for (const char *s = env(name, ""); *s; s += strcspn(s, ","), s += *s == ',')
		if (strcspn(s, ",") == n && !strncmp(s, word, n)) return 1;
	return 0;
}

static void report(const char *format, ...) {
	const char *path = env("FAKE_ORT_REPORT", NULL);
	FILE *f = path ? fopen(path, "a") : NULL;
	if (!f) return;
	va_list args;
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fclose(f);
}

struct status {
	int code;
	char text[600];
};

static void *fail(int code, const char *format, ...) {
	struct status *s = malloc(sizeof *s);
	s->code = code;
	va_list args;
	va_start(args, format);
	vsnprintf(s->text, sizeof s->text, format, args);
	va_end(args);
	return s;
}

static int get_error_code(const void *s) { return ((const struct status *)s)->code; }
static const char *get_error_message(const void *s) { return ((const struct status *)s)->text; }
static void release(void *p) { free(p); }
static void release_nothing(void *p) { (void)p; }

typedef void (*logger)(void *, int, const char *, const char *, const char *, const char *);
static logger env_log;
static void *env_log_param;

/* ---- models ---- */

struct value {
	char name[NAME];
	int type;
	int dims_len, has_shape;
	int64_t dims[8];
};
struct node {
	char op[64], name[NAME];
	char inputs[8][NAME], outputs[8][NAME];
	int inputs_len, outputs_len;
};
struct model {
	struct value *values; /* that have shapes */
	int values_len;
	struct node *nodes;
	int nodes_len;
	char (*inputs)[NAME], (*outputs)[NAME], (*weights)[NAME];
	int inputs_len, outputs_len, weights_len;
	double device_ns, uj, footprint;
};
struct span {
	const uint8_t *p, *end;
};

static uint64_t varint(struct span *s) {
	uint64_t x = 0;
	for (int shift = 0; s->p < s->end; shift += 7) {
		uint8_t b = *s->p++;
		x |= (uint64_t)(b & 127) << shift;
		if (b < 128) break;
	}
	return x;
}

/* The next field of a message: 0 at its end. A number is in x, bytes are in sub. */
static int field(struct span *s, uint64_t *x, struct span *sub) {
	if (s->p >= s->end) return 0;
	uint64_t tag = varint(s);
	*x = 0;
	*sub = (struct span){s->p, s->p};
	switch (tag & 7) {
	case 0: *x = varint(s); break;
	case 1: s->p += 8; break;
	case 5: s->p += 4; break;
	default:
		*x = varint(s);
		if (*x > (uint64_t)(s->end - s->p)) return 0;
		*sub = (struct span){s->p, s->p + *x};
		s->p += *x;
	}
	return (int)(tag >> 3);
}

static void text(char *dst, size_t size, struct span s) {
	size_t n = (size_t)(s.end - s.p) < size - 1 ? (size_t)(s.end - s.p) : size - 1;
	memcpy(dst, s.p, n);
	dst[n] = 0;
}

#define APPEND(list, len) ((list) = realloc((list), ((size_t)(len) + 1) * sizeof *(list)), memset(&(list)[len], 0, sizeof *(list)), &(list)[(len)++])

static void add_dim(struct value *v, int64_t d) {
	if (v->dims_len < 8) v->dims[v->dims_len++] = d;
}

static void parse_value(struct value *v, struct span s, int depth) { /* ValueInfoProto, TypeProto, its tensor, its shape, a dim */
	uint64_t x;
	struct span sub;
	for (int f; (f = field(&s, &x, &sub));) {
		if (depth == 0 && f == 1) text(v->name, sizeof v->name, sub);
		else if (depth == 0 && f == 2) parse_value(v, sub, 1);
		else if (depth == 1 && f == 1) parse_value(v, sub, 2);
		else if (depth == 2 && f == 1) v->type = (int)x;
		else if (depth == 2 && f == 2) v->has_shape = 1, parse_value(v, sub, 3);
		else if (depth == 3 && f == 1) add_dim(v, 0), parse_value(v, sub, 4);
		else if (depth == 4 && f == 1) v->dims[v->dims_len - 1] = (int64_t)x;
	}
}

static void parse_tensor(struct value *v, struct span s) {
	uint64_t x;
	struct span sub;
	v->has_shape = 1;
	for (int f; (f = field(&s, &x, &sub));) {
		if (f == 1 && sub.p == sub.end) add_dim(v, (int64_t)x);
		else if (f == 1)
			while (sub.p < sub.end) add_dim(v, (int64_t)varint(&sub));
		else if (f == 2) v->type = (int)x;
		else if (f == 8) text(v->name, sizeof v->name, sub);
	}
}

static void parse_node(struct node *n, struct span s) {
	uint64_t x;
	struct span sub;
	for (int f; (f = field(&s, &x, &sub));) {
		if (f == 1 && n->inputs_len < 8) text(n->inputs[n->inputs_len++], NAME, sub);
		else if (f == 2 && n->outputs_len < 8) text(n->outputs[n->outputs_len++], NAME, sub);
		else if (f == 3) text(n->name, sizeof n->name, sub);
		else if (f == 4) text(n->op, sizeof n->op, sub);
	}
}

static void parse_graph(struct model *m, struct span s) {
	uint64_t x;
	struct span sub;
	for (int f; (f = field(&s, &x, &sub));) {
		if (f == 1) parse_node(APPEND(m->nodes, m->nodes_len), sub);
		if (f != 5 && f != 11 && f != 12 && f != 13) continue;
		struct value *v = APPEND(m->values, m->values_len);
		if (f == 5) parse_tensor(v, sub);
		else parse_value(v, sub, 0);
		if (f == 5) strcpy(*APPEND(m->weights, m->weights_len), v->name);
		if (f == 11) strcpy(*APPEND(m->inputs, m->inputs_len), v->name);
		if (f == 12) strcpy(*APPEND(m->outputs, m->outputs_len), v->name);
	}
}

static const struct value *find(const struct model *m, const char *name) {
	for (int i = 0; i < m->values_len; i++)
		if (m->values[i].has_shape && !strcmp(m->values[i].name, name)) return &m->values[i];
	return NULL;
}

static double count(const struct value *v) {
	double n = 1;
	for (int i = 0; v && i < v->dims_len; i++) n *= (double)v->dims[i];
	return v ? n : 0;
}

static double width(int type) { /* bytes of an element */
	switch (type) {
	case 7: case 11: case 13: return 8;
	case 4: case 5: case 10: case 16: return 2;
	case 2: case 3: case 9: case 17: case 18: case 19: case 20: return 1;
	case 21: case 22: case 23: return 0.5;
	}
	return 4;
}

static double bytes(const struct value *v) { return v ? count(v) * width(v->type) : 0; }

/* cost sums up what one run takes: the truth that a measurement is to find. */
static void cost(struct model *m) {
	for (int i = 0; i < m->values_len; i++)
		if (m->values[i].has_shape) m->footprint += bytes(&m->values[i]);
	int cached = m->footprint <= 40e6;
	for (int i = 0; i < m->nodes_len; i++) {
		struct node *n = &m->nodes[i];
		double moved = 0, flops = count(find(m, n->outputs[0]));
		for (int k = 0; k < n->inputs_len; k++) moved += bytes(find(m, n->inputs[k]));
		for (int k = 0; k < n->outputs_len; k++) moved += bytes(find(m, n->outputs[k]));
		const struct value *a = find(m, n->inputs[0]);
		if ((!strcmp(n->op, "MatMul") || !strcmp(n->op, "Gemm")) && a && a->dims_len) flops *= 2 * (double)a->dims[a->dims_len - 1];
		double s = fmax(2e-6, fmax(flops / 20e12, moved / (cached ? 4e12 : 1e12)));
		m->device_ns += s * 1e9;
		m->uj += (flops * 10e-12 + moved * (cached ? 15e-12 : 60e-12) + s * 40) * 1e6;
	}
}

static struct model *parse(const uint8_t *b, size_t len) {
	struct model *m = calloc(1, sizeof *m);
	struct span s = {b, b + len}, sub;
	uint64_t x;
	for (int f; (f = field(&s, &x, &sub));)
		if (f == 7) parse_graph(m, sub);
	cost(m);
	return m;
}

/* ---- sessions ---- */

struct options {
	char provider[32], optimized[512];
	int level, no_fallback, graph;
	logger log;
	void *log_param;
};
struct session {
	struct model *model;
	struct options options;
	int64_t runs;
	int recorded;
	pthread_t recorder;
};
struct run_options {
	int async, eager;
};
struct tensor {
	int refs;
	double bytes;
	void *data;
};
struct binding {
	struct session *session;
	struct tensor *inputs[PLACES], *outputs[PLACES];
	int fixed[PLACES], on_device[PLACES];
};

static int gpu(const struct session *s) { return s->options.provider[0] != 0; }

static void *fault(const struct session *s, int64_t run) { /* run 0 is the making of the session */
	char kind[16] = "", op[64] = "";
	long long at = 0;
	if (sscanf(env("FAKE_ORT_FAULT", ""), "%15[^@]@%63[^:]:%lld", kind, op, &at) < 2 || at != run) return NULL;
	int has = 0;
	for (int i = 0; i < s->model->nodes_len; i++) has |= !strcmp(s->model->nodes[i].op, op);
	if (!has) return NULL;
	fprintf(stderr, "fake: %s in %s\n", kind, op);
	if (!strcmp(kind, "segv")) *(volatile int *)8 = 1;
	if (!strcmp(kind, "abort")) abort();
	if (!strcmp(kind, "kill")) kill(getpid(), SIGKILL);
	if (!strcmp(kind, "exit")) _exit(3);
	while (!strcmp(kind, "hang")) pause();
	return fail(1, "CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; expr=cudaStreamSynchronize(stream_)");
}

__attribute__((constructor)) static void load(void) {
	const char *kind = env("FAKE_ORT_LOAD", "");
	while (!strcmp(kind, "hang")) pause();
	int leaves = !strcmp(kind, "daemon");
	if ((!leaves && strcmp(kind, "fork")) || fork()) return;
	if (leaves && (setsid() < 0 || fork())) _exit(0);
	report("stray %d\n", (int)getpid());
	for (;;) pause();
}

static void *create_env(logger log, void *param, int level, const char *id, void **out) {
	(void)level, (void)id;
	env_log = log, env_log_param = param;
	report("pid %d telemetry-off=%s\n", (int)getpid(), env("ORT_DISABLE_TELEMETRY", "0"));
	*out = &env_log;
	return NULL;
}

static void *disable_telemetry(void *e) {
	(void)e;
	return NULL;
}

static void *create_options(void **out) {
	struct options *o = calloc(1, sizeof *o);
	o->level = 99;
	*out = o;
	return NULL;
}

static void *set_optimized(struct options *o, const char *path) {
	snprintf(o->optimized, sizeof o->optimized, "%s", path);
	return NULL;
}

static void *set_log_level(struct options *o, int level) {
	(void)o, (void)level;
	return NULL;
}

static void *set_logger(struct options *o, logger log, void *param) {
	o->log = log, o->log_param = param;
	return NULL;
}

static void *set_level(struct options *o, int level) {
	o->level = level;
	return NULL;
}

static void *set_threads(struct options *o, int n) {
	(void)o;
	report("threads %d\n", n);
	return NULL;
}

static void *set_inter_threads(struct options *o, int n) {
	(void)o, (void)n;
	return NULL;
}

static void *set_entry(struct options *o, const char *key, const char *value) {
	report("entry %s=%s\n", key, value);
	if (!strcmp(key, "session.disable_cpu_ep_fallback")) o->no_fallback = !strcmp(value, "1");
	return NULL;
}

static void *provider_options(void **out) {
	const char *why = env("FAKE_ORT_PROVIDER_ERROR", NULL);
	if (why) {
		env_log(env_log_param, 3, "", "", "provider_bridge_ort.cc:2195", why);
		return fail(1, "Failed to load shared library");
	}
	*out = calloc(1, sizeof(int)); /* whether launches are recorded */
	return NULL;
}

static void *update_provider(int *graph, const char **keys, const char **values, size_t n) {
	for (size_t i = 0; i < n; i++) {
		report("option %s=%s\n", keys[i], values[i]);
		if (strstr(keys[i], "cuda_graph") && !strcmp(values[i], "1")) *graph = 1;
	}
	return NULL;
}

static void *append_cuda(struct options *o, int *graph) {
	strcpy(o->provider, "CUDAExecutionProvider");
	o->graph = *graph;
	return NULL;
}

static void *append_tensorrt(struct options *o, int *graph) {
	strcpy(o->provider, "TensorrtExecutionProvider");
	o->graph = *graph;
	return NULL;
}

/* place says where nodes run, and refuses what cannot be. */
static void *place(struct session *s) {
	struct model *m = s->model;
	struct options *o = &s->options;
	int here = 0;
	for (int i = 0; i < m->nodes_len; i++) {
		struct node *n = &m->nodes[i];
		if (listed("FAKE_ORT_MISSING", n->op)) return fail(9, "Could not find an implementation for %s(17) node with name '%s'", n->op, n->name);
		here += gpu(s) && listed("FAKE_ORT_CPU_OPS", n->op);
	}
	if (here && o->no_fallback)
		return fail(1, "This session contains graph nodes that are assigned to the default CPU EP, but fallback to CPU EP has been explicitly disabled by the user.");
	if (o->graph && !strcmp(env("FAKE_ORT_NO_GRAPH", ""), "1"))
		return fail(1, "This session cannot use the graph capture feature as requested by the user as the model has control flow nodes");
	if (!here || !o->log) return NULL;
	char line[300];
	for (int cpu = 0; cpu < 2; cpu++) {
		snprintf(line, sizeof line, " Node(s) placed on [%s]. Number of nodes: %d", cpu ? "CPUExecutionProvider" : o->provider, cpu ? here : m->nodes_len - here);
		if (cpu || here < m->nodes_len) o->log(o->log_param, 0, "", "", "session_state.cc:1 VerifyEachNodeIsAssignedToAnEp", line);
		for (int i = 0; i < m->nodes_len; i++) {
			if (listed("FAKE_ORT_CPU_OPS", m->nodes[i].op) != cpu) continue;
			snprintf(line, sizeof line, "  %s (%s)", m->nodes[i].op, m->nodes[i].name);
			o->log(o->log_param, 0, "", "", "session_state.cc:1 VerifyEachNodeIsAssignedToAnEp", line);
		}
	}
	if (*env("FAKE_ORT_MEMCPY", "")) o->log(o->log_param, 2, "", "", "transformer_memcpy.cc:1", "2 Memcpy nodes are added to the graph main for CUDAExecutionProvider");
	return NULL;
}

static void *create_from_array(void *e, const void *b, size_t len, struct options *o, void **out) {
	(void)e;
	struct session *s = calloc(1, sizeof *s);
	s->model = parse(b, len);
	s->options = *o;
	report("session level=%d provider=%s graph=%d\n", o->level, o->provider, o->graph);
	void *bad = fault(s, 0);
	if (!bad) bad = place(s);
	if (!bad && s->model->footprint > atof(env("FAKE_ORT_OOM_BYTES", "1e300")))
		bad = fail(6, "/onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) Failed to allocate memory for requested buffer of size %.0f\n", s->model->footprint);
	FILE *f = !bad && o->optimized[0] ? fopen(o->optimized, "w") : NULL;
	if (f) {
		fwrite(b, 1, len, f);
		fclose(f);
	}
	if (bad) free(s);
	else *out = s;
	return bad;
}

static void *create(void *e, const char *path, struct options *o, void **out) {
	FILE *f = fopen(path, "r");
	if (!f) return fail(3, "Load model from %s failed: File doesn't exist", path);
	fseek(f, 0, SEEK_END);
	size_t len = (size_t)ftell(f);
	rewind(f);
	char *b = malloc(len + 1);
	len = fread(b, 1, len, f);
	fclose(f);
	void *bad = create_from_array(e, b, len, o, out);
	free(b);
	return bad;
}

static void *output_count(struct session *s, size_t *n) {
	*n = (size_t)s->model->outputs_len;
	return NULL;
}

static void *output_name(struct session *s, size_t i, void *allocator, char **out) {
	(void)allocator;
	*out = strdup(s->model->outputs[i]);
	return NULL;
}

/* ---- tensors and bindings ---- */

static void *create_tensor(void *allocator, const int64_t *dims, size_t n, int type, void **out) {
	(void)allocator;
	struct tensor *t = calloc(1, sizeof *t);
	t->refs = 1;
	t->bytes = width(type);
	for (size_t i = 0; i < n; i++) t->bytes *= (double)dims[i];
	t->data = calloc(1, (size_t)t->bytes + 1);
	*out = t;
	return NULL;
}

static void *tensor_data(struct tensor *t, void **out) {
	*out = t->data;
	return NULL;
}

static void release_tensor(struct tensor *t) {
	if (!t || --t->refs) return;
	free(t->data);
	free(t);
}

static void *create_binding(struct session *s, void **out) {
	struct binding *b = calloc(1, sizeof *b);
	b->session = s;
	*out = b;
	return NULL;
}

static void release_binding(struct binding *b) {
	for (int i = 0; i < PLACES; i++) release_tensor(b->inputs[i]), release_tensor(b->outputs[i]);
	free(b);
}

static int place_of(char (*names)[NAME], int n, const char *name) {
	for (int i = 0; i < n && i < PLACES; i++)
		if (!strcmp(names[i], name)) return i;
	return -1;
}

static void *bind_input(struct binding *b, const char *name, struct tensor *t) {
	struct model *m = b->session->model;
	int i = place_of(m->inputs, m->inputs_len, name);
	if (i < 0) return fail(2, "Failed to find input name in the mapping: %s", name);
	release_tensor(b->inputs[i]);
	b->inputs[i] = t;
	t->refs++;
	return NULL;
}

static void *bind_output(struct binding *b, const char *name, struct tensor *t) {
	int i = place_of(b->session->model->outputs, b->session->model->outputs_len, name);
	if (i < 0) return fail(2, "no output %s", name);
	t->refs++;
	release_tensor(b->outputs[i]);
	b->outputs[i] = t;
	b->fixed[i] = 1;
	return NULL;
}

static void *bind_to_device(struct binding *b, const char *name, void *memory) {
	int i = place_of(b->session->model->outputs, b->session->model->outputs_len, name);
	if (i < 0) return fail(2, "no output %s", name);
	if (gpu(b->session) != !strcmp(memory, "Cuda")) return fail(2, "output %s is bound to %s", name, (char *)memory);
	b->on_device[i] = 1;
	return NULL;
}

static void *bound_outputs(struct binding *b, void *allocator, void ***out, size_t *n) {
	(void)allocator;
	*n = (size_t)b->session->model->outputs_len;
	*out = malloc((*n + 1) * sizeof **out);
	for (size_t i = 0; i < *n; i++) {
		if (!b->outputs[i]) create_tensor(NULL, NULL, 0, 1, (void **)&b->outputs[i]);
		b->outputs[i]->refs++;
		(*out)[i] = b->outputs[i];
	}
	return NULL;
}

static void *create_memory(const char *name, int type, int id, int kind, void **out) {
	(void)type, (void)id, (void)kind;
	*out = strdup(name);
	return NULL;
}

/* ---- the device ---- */

static int64_t device_free; /* when the device has done all that it was given */
static double pending_ns, pending_uj;
static struct fake_device *device;

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void wait_until(int64_t t) {
	for (int64_t left; (left = t - now()) > 0;) {
		if (left < 150000) continue;
		struct timespec nap = {(left - 100000) / 1000000000, (left - 100000) % 1000000000};
		nanosleep(&nap, NULL);
	}
}

static void synchronize(void) {
	wait_until(device_free);
	double ns = floor(pending_ns), uj = floor(pending_uj);
	fake_device_work(device, (int64_t)ns, (int64_t)uj);
	pending_ns -= ns, pending_uj -= uj;
}

static void *run(struct session *s, struct run_options *o, struct binding *b) {
	struct model *m = s->model;
	for (int i = 0; i < m->inputs_len && i < PLACES; i++)
		if (!b->inputs[i] && place_of(m->weights, m->weights_len, m->inputs[i]) < 0) return fail(2, "Missing Input: %s", m->inputs[i]);
	void *bad = fault(s, ++s->runs);
	if (bad) return bad;
	int replay = s->options.graph && !o->eager;
	if (replay && !s->recorded) {
		if (!strcmp(env("FAKE_ORT_NO_GRAPH", ""), "2")) return fail(1, "CUDA failure 901: operation failed due to a previous error during capture");
		for (int i = 0; i < m->outputs_len && i < PLACES; i++)
			if (!b->fixed[i]) return fail(1, "fake: output %s has no address of its own while launches are recorded", m->outputs[i]);
		s->recorded = 1;
		s->recorder = pthread_self();
	}
	if (replay && !pthread_equal(s->recorder, pthread_self())) return fail(1, "fake: the launches were recorded by another thread");
	int64_t start = now();
	if (gpu(s)) wait_until(start + (replay ? 1000 : 2000 * m->nodes_len));
	if (device_free < start) device_free = start;
	device_free += (int64_t)m->device_ns;
	pending_ns += m->device_ns, pending_uj += m->uj;
	if (!gpu(s) || !o->async) synchronize();
	return NULL;
}

static void *synchronize_outputs(struct binding *b) {
	(void)b;
	synchronize();
	return NULL;
}

static void *synchronize_inputs(struct binding *b) {
	(void)b;
	return NULL;
}

static void *create_run_options(void **out) {
	*out = calloc(1, sizeof(struct run_options));
	return NULL;
}

static void *run_entry(struct run_options *o, const char *key, const char *value) {
	if (!strcmp(key, "disable_synchronize_execution_providers")) o->async = !strcmp(value, "1");
	if (!strcmp(key, "gpu_graph_id")) o->eager = !strcmp(value, "-1");
	return NULL;
}

static void *default_allocator(void **out) {
	static int allocator;
	*out = &allocator;
	return NULL;
}

static void *allocator_free(void *allocator, void *p) {
	(void)allocator;
	free(p);
	return NULL;
}

static void *available_providers(char ***out, int *n) {
	char *list = strdup(env("FAKE_ORT_PROVIDERS", "CUDAExecutionProvider,TensorrtExecutionProvider,CPUExecutionProvider"));
	*out = calloc(8, sizeof **out);
	*n = 0;
	for (char *s = strtok(list, ","); s && *n < 8; s = strtok(NULL, ",")) (*out)[(*n)++] = s;
	return NULL;
}

static void *release_providers(char **names, int n) {
	if (n) free(names[0]);
	free(names);
	return NULL;
}

static const char *build_info(void) { return "ORT Build Info: git-branch=fake, git-commit-id=0123456789, build type=Release"; }

static void *unimplemented(void) {
	fprintf(stderr, "fake: a function of OrtApi was called that the fake lacks\n");
	abort();
}

static void *const table[512] = {
	[0 ... 511] = unimplemented,
	[1] = get_error_code, [2] = get_error_message, [4] = create_env, [6] = disable_telemetry, [7] = create, [8] = create_from_array,
	[10] = create_options, [11] = set_optimized, [22] = set_log_level, [23] = set_level, [24] = set_threads, [25] = set_inter_threads,
	[31] = output_count, [37] = output_name, [39] = create_run_options, [48] = create_tensor, [51] = tensor_data,
	[68] = create_memory, [76] = allocator_free, [78] = default_allocator, [93] = release, [94] = release, [95] = release_nothing,
	[96] = release_tensor, [97] = release, [100] = release, [125] = available_providers, [126] = release_providers,
	[130] = set_entry, [133] = run, [134] = create_binding, [135] = release_binding, [136] = bind_input, [137] = bind_output,
	[138] = bind_to_device, [140] = bound_outputs, [165] = run_entry, [170] = append_tensorrt, [171] = provider_options,
	[172] = update_provider, [174] = release, [202] = synchronize_inputs, [203] = synchronize_outputs, [204] = append_cuda,
	[205] = provider_options, [206] = update_provider, [208] = release, [254] = build_info, [266] = set_logger,
};

static const char *version(void) { return env("FAKE_ORT_VERSION", "1.27.0"); }

static void *const *get_api(uint32_t want) {
	int major = 0;
	unsigned minor = 0;
	sscanf(version(), "%d.%u", &major, &minor);
	report("api %u\n", want);
	return major == 1 && want > minor ? NULL : table;
}

struct base {
	void *const *(*get_api)(uint32_t);
	const char *(*version)(void);
};

const struct base *OrtGetApiBase(void) {
	static const struct base base = {get_api, version};
	device = fake_device_map();
	return &base;
}
