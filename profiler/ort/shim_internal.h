// What the files of the shim share.

#ifndef IRENE_ORT_SHIM_INTERNAL_H
#define IRENE_ORT_SHIM_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "shim.h"

typedef void *const *irene_table;

struct irene_text { // a text that grows up to a limit
	pthread_mutex_t lock;
	char *s;
	size_t len, limit;
};

struct irene_ort {
	void *library, *env, *allocator;
	irene_table api;
	const char *version, *build;
	struct irene_text log;
};

struct irene_run {
	irene_ort *ort;
	int provider;
	void *session, *binding, *memory;
	void *sync, *async, *eager; // run options
	size_t outputs;
	char **names; // of the outputs
	struct irene_text placements;

	atomic_int stop;
	atomic_uint version; // of the two below: odd while they are written
	atomic_llong runs, at;
};

// Places in OrtApi.
enum {
	api_GetErrorCode = 1, api_GetErrorMessage = 2, api_CreateEnvWithCustomLogger = 4, api_DisableTelemetryEvents = 6,
	api_CreateSession = 7, api_CreateSessionFromArray = 8, api_CreateSessionOptions = 10, api_SetOptimizedModelFilePath = 11,
	api_SetSessionLogSeverityLevel = 22, api_SetSessionGraphOptimizationLevel = 23, api_SetIntraOpNumThreads = 24,
	api_SetInterOpNumThreads = 25, api_SessionGetOutputCount = 31, api_SessionGetOutputName = 37, api_CreateRunOptions = 39,
	api_CreateTensorAsOrtValue = 48, api_GetTensorMutableData = 51, api_CreateMemoryInfo = 68, api_AllocatorFree = 76,
	api_GetAllocatorWithDefaultOptions = 78, api_ReleaseStatus = 93, api_ReleaseMemoryInfo = 94, api_ReleaseSession = 95,
	api_ReleaseValue = 96, api_ReleaseRunOptions = 97, api_ReleaseSessionOptions = 100, api_GetAvailableProviders = 125,
	api_ReleaseAvailableProviders = 126, api_AddSessionConfigEntry = 130, api_RunWithBinding = 133, api_CreateIoBinding = 134,
	api_ReleaseIoBinding = 135, api_BindInput = 136, api_BindOutput = 137, api_BindOutputToDevice = 138,
	api_GetBoundOutputValues = 140, api_AddRunConfigEntry = 165, api_SessionOptionsAppendExecutionProvider_TensorRT_V2 = 170,
	api_CreateTensorRTProviderOptions = 171, api_UpdateTensorRTProviderOptions = 172, api_ReleaseTensorRTProviderOptions = 174,
	api_SynchronizeBoundInputs = 202, api_SynchronizeBoundOutputs = 203, api_SessionOptionsAppendExecutionProvider_CUDA_V2 = 204,
	api_CreateCUDAProviderOptions = 205, api_UpdateCUDAProviderOptions = 206, api_ReleaseCUDAProviderOptions = 208,
	api_GetBuildInfoString = 254, api_SetUserLoggingFunction = 266,
};

// CALL calls the entry name of o's table with the types of its parameters given; the entries return a status that is NULL
// where all is well.
#define CALL(o, name, types, ...) irene_take((o), ((void *(*) types)(o)->api[api_##name])(__VA_ARGS__))
#define RELEASE(o, name, p) \
	do { \
		if (p) ((void (*)(void *))(o)->api[api_##name])(p); \
	} while (0)

// TRY returns from the function with a status that is not fine.
#define TRY(...) \
	do { \
		irene_status try_ = (__VA_ARGS__); \
		if (try_.text) return try_; \
	} while (0)

irene_status irene_fine(void);
irene_status irene_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
irene_status irene_take(irene_ort *o, void *status); // turns ONNX Runtime's status into ours and releases it

void irene_text_init(struct irene_text *t, size_t limit);
void irene_text_add(struct irene_text *t, const char *line);
char *irene_text_take(struct irene_text *t); // the text; what is left is empty
void irene_text_free(struct irene_text *t);

#endif
