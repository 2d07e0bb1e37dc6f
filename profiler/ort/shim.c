//go:build cgo && linux

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "shim_internal.h"

// The version of the API whose entries are used, that of ONNX Runtime 1.22. Later libraries still hand it out.
enum { want_api = 22 };

enum { log_verbose = 0, log_error = 3 };

irene_status irene_fine(void) { return (irene_status){0, NULL}; }

irene_status irene_error(int code, const char *format, ...) {
	irene_status s = {code, NULL};
	va_list args;
	va_start(args, format);
	if (vasprintf(&s.text, format, args) < 0) s.text = strdup("out of memory");
	va_end(args);
	return s;
}

irene_status irene_take(irene_ort *o, void *status) {
	if (!status) return irene_fine();
	int code = ((int (*)(const void *))o->api[api_GetErrorCode])(status);
	irene_status s = irene_error(code, "%s", ((const char *(*)(const void *))o->api[api_GetErrorMessage])(status));
	RELEASE(o, ReleaseStatus, status);
	return s;
}

void irene_text_init(struct irene_text *t, size_t limit) {
	pthread_mutex_init(&t->lock, NULL);
	t->s = NULL;
	t->len = 0;
	t->limit = limit;
}

void irene_text_add(struct irene_text *t, const char *line) {
	pthread_mutex_lock(&t->lock);
	size_t n = strlen(line);
	if (t->len + n + 2 <= t->limit) {
		char *s = realloc(t->s, t->len + n + 2);
		if (s) {
			memcpy(s + t->len, line, n);
			memcpy(s + t->len + n, "\n", 2);
			t->s = s;
			t->len += n + 1;
		}
	}
	pthread_mutex_unlock(&t->lock);
}

char *irene_text_take(struct irene_text *t) {
	pthread_mutex_lock(&t->lock);
	char *s = t->s ? t->s : strdup("");
	t->s = NULL;
	t->len = 0;
	pthread_mutex_unlock(&t->lock);
	return s;
}

void irene_text_free(struct irene_text *t) {
	free(t->s);
	pthread_mutex_destroy(&t->lock);
}

// keep is ONNX Runtime's logging function.
static void keep(void *text, int severity, const char *category, const char *id, const char *location, const char *message) {
	(void)severity, (void)category, (void)id, (void)location;
	irene_text_add(text, message);
}

// keep_placements is keep for the lines that say where nodes are placed.
static void keep_placements(void *text, int severity, const char *category, const char *id, const char *location, const char *message) {
	(void)severity, (void)category, (void)id;
	if (strstr(location, "VerifyEachNode") || strstr(message, "Memcpy nodes are added")) irene_text_add(text, message);
}

static irene_status open_env(irene_ort *o) {
	TRY(CALL(o, CreateEnvWithCustomLogger, (void *, void *, int, const char *, void **), (void *)keep, &o->log, log_error, "irene", &o->env));
	TRY(CALL(o, DisableTelemetryEvents, (void *), o->env));
	return CALL(o, GetAllocatorWithDefaultOptions, (void **), &o->allocator);
}

irene_status irene_open(const char *path, irene_ort **out) {
	struct base {
		irene_table (*GetApi)(uint32_t);
		const char *(*GetVersionString)(void);
	};
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) return irene_error(IRENE_LIBRARY, "%s", dlerror());
	const struct base *(*get)(void) = (const struct base *(*)(void))dlsym(library, "OrtGetApiBase");
	if (!get) return irene_error(IRENE_LIBRARY, "%s is not ONNX Runtime: it has no OrtGetApiBase", path);
	const struct base *base = get();
	const char *version = base->GetVersionString();
	int major = 0, minor = 0;
	if (sscanf(version, "%d.%d", &major, &minor) != 2) return irene_error(IRENE_VERSION, "%s has a version that cannot be read: %s", path, version);
	irene_table api = major > 1 || minor >= want_api ? base->GetApi(want_api) : NULL;
	if (!api) return irene_error(IRENE_VERSION, "%s is ONNX Runtime %s; want 1.%d or later", path, version, want_api);

	irene_ort *o = calloc(1, sizeof *o);
	if (!o) return irene_error(IRENE_MEMORY, "out of memory");
	o->library = library;
	o->api = api;
	o->version = version;
	o->build = ((const char *(*)(void))api[api_GetBuildInfoString])();
	irene_text_init(&o->log, 1 << 16);
	irene_status s = open_env(o);
	if (s.text) { // the process ends after this: nothing is taken down
		return s;
	}
	*out = o;
	return s;
}

const char *irene_version(const irene_ort *o) { return o->version; }

const char *irene_build(const irene_ort *o) { return o->build; }

char *irene_log(irene_ort *o) { return irene_text_take(&o->log); }

irene_status irene_providers(irene_ort *o, char **out) {
	char **names = NULL;
	int n = 0;
	TRY(CALL(o, GetAvailableProviders, (char ***, int *), &names, &n));
	struct irene_text t;
	irene_text_init(&t, 1 << 16);
	for (int i = 0; i < n; i++) irene_text_add(&t, names[i]);
	*out = irene_text_take(&t);
	irene_text_free(&t);
	return CALL(o, ReleaseAvailableProviders, (char **, int), names, n);
}

// provide adds the provider to the session's options. The CPU is in them without.
static irene_status provide(irene_ort *o, void *options, const irene_config *c) {
	int cuda = c->provider == IRENE_CUDA;
	if (c->provider == IRENE_CPU) return irene_fine();
	void *p = NULL;
	TRY(cuda ? CALL(o, CreateCUDAProviderOptions, (void **), &p) : CALL(o, CreateTensorRTProviderOptions, (void **), &p));
	size_t n = c->options_len / 2;
	const char **keys = calloc(n + 1, sizeof *keys), **values = calloc(n + 1, sizeof *values);
	irene_status s = irene_error(IRENE_MEMORY, "out of memory");
	if (keys && values) {
		free(s.text);
		for (size_t i = 0; i < n; i++) keys[i] = c->options[2 * i], values[i] = c->options[2 * i + 1];
		s = cuda ? CALL(o, UpdateCUDAProviderOptions, (void *, const char **, const char **, size_t), p, keys, values, n)
		         : CALL(o, UpdateTensorRTProviderOptions, (void *, const char **, const char **, size_t), p, keys, values, n);
	}
	if (!s.text)
		s = cuda ? CALL(o, SessionOptionsAppendExecutionProvider_CUDA_V2, (void *, void *), options, p)
		         : CALL(o, SessionOptionsAppendExecutionProvider_TensorRT_V2, (void *, void *), options, p);
	if (cuda)
		RELEASE(o, ReleaseCUDAProviderOptions, p);
	else
		RELEASE(o, ReleaseTensorRTProviderOptions, p);
	free(keys);
	free(values);
	return s;
}

static irene_status set_options(irene_ort *o, void *options, const irene_config *c, irene_run *r) {
	TRY(CALL(o, SetSessionGraphOptimizationLevel, (void *, int), options, c->level));
	TRY(CALL(o, SetIntraOpNumThreads, (void *, int), options, c->threads));
	TRY(CALL(o, SetInterOpNumThreads, (void *, int), options, 1));
	if (c->optimized) TRY(CALL(o, SetOptimizedModelFilePath, (void *, const char *), options, c->optimized));
	for (size_t i = 0; i + 1 < c->entries_len; i += 2)
		TRY(CALL(o, AddSessionConfigEntry, (void *, const char *, const char *), options, c->entries[i], c->entries[i + 1]));
	if (c->placements) {
		TRY(CALL(o, SetUserLoggingFunction, (void *, void *, void *), options, (void *)keep_placements, &r->placements));
		TRY(CALL(o, SetSessionLogSeverityLevel, (void *, int), options, log_verbose));
	}
	return provide(o, options, c);
}

static irene_status make_session(irene_ort *o, const irene_config *c, const char *path, const void *model, size_t len, irene_run *r) {
	void *options = NULL;
	TRY(CALL(o, CreateSessionOptions, (void **), &options));
	irene_status s = set_options(o, options, c, r);
	if (!s.text && path) s = CALL(o, CreateSession, (void *, const char *, void *, void **), o->env, path, options, &r->session);
	else if (!s.text) s = CALL(o, CreateSessionFromArray, (void *, const void *, size_t, void *, void **), o->env, model, len, options, &r->session);
	RELEASE(o, ReleaseSessionOptions, options);
	return s;
}

static irene_status run_options(irene_ort *o, const char *key, const char *value, void **out) {
	TRY(CALL(o, CreateRunOptions, (void **), out));
	return key ? CALL(o, AddRunConfigEntry, (void *, const char *, const char *), *out, key, value) : irene_fine();
}

static irene_status set_up(irene_run *r, const irene_config *c) {
	irene_ort *o = r->ort;
	TRY(run_options(o, NULL, NULL, &r->sync));
	TRY(run_options(o, "disable_synchronize_execution_providers", "1", &r->async));
	TRY(run_options(o, "gpu_graph_id", "-1", &r->eager));
	TRY(CALL(o, CreateIoBinding, (void *, void **), r->session, &r->binding));
	const char *memory = c->provider == IRENE_CPU ? "Cpu" : "Cuda";
	return CALL(o, CreateMemoryInfo, (const char *, int, int, int, void **), memory, 0, c->provider == IRENE_CPU ? 0 : c->device, 0, &r->memory);
}

irene_status irene_session(irene_ort *o, const irene_config *c, const char *path, const void *model, size_t len, irene_run **out) {
	irene_run *r = calloc(1, sizeof *r);
	if (!r) return irene_error(IRENE_MEMORY, "out of memory");
	r->ort = o;
	r->provider = c->provider;
	irene_text_init(&r->placements, 1 << 20);
	irene_status s = make_session(o, c, path, model, len, r);
	if (!s.text) s = set_up(r, c);
	if (s.text) irene_release(r);
	else *out = r;
	return s;
}

char *irene_placements(irene_run *r) { return irene_text_take(&r->placements); }

void irene_release(irene_run *r) {
	irene_ort *o = r->ort;
	RELEASE(o, ReleaseIoBinding, r->binding);
	RELEASE(o, ReleaseRunOptions, r->sync);
	RELEASE(o, ReleaseRunOptions, r->async);
	RELEASE(o, ReleaseRunOptions, r->eager);
	RELEASE(o, ReleaseMemoryInfo, r->memory);
	RELEASE(o, ReleaseSession, r->session);
	for (size_t i = 0; i < r->outputs; i++) free(r->names[i]);
	free(r->names);
	irene_text_free(&r->placements);
	free(r);
}

void irene_plain_signals(void) {
	const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], SIG_DFL);
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
}
