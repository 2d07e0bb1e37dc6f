//go:build cgo && linux

// go-nvml leaves the functions of NVML undefined in the program and counts on the dynamic linker to find them when they
// are first called, in a library that it has opened by then. Two things end the program instead: a function that the
// driver's library lacks, at its first call; and a program that is bound when it starts (LD_BIND_NOW, or a toolchain
// that links with -z now), before main, on every machine and whatever the program was to do.
//
// So the functions are defined here. Each looks for its namesake in the library and hands its arguments on; where there
// is none it returns NVML_ERROR_FUNCTION_NOT_FOUND. They are hidden: the library's own calls do not end here.
//
// No function of NVML takes more than six arguments, or one that is neither an integer nor a pointer. Handed on are six
// of a register's width; what a function does not take is noise that it does not read.

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "forward.h"
#include "functions.h"

#define FUNCTION_NOT_FOUND 13 // NVML_ERROR_FUNCTION_NOT_FOUND

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *library;
static int users;

char *irene_nvml_open(const char *path) {
	char *problem = NULL;
	pthread_mutex_lock(&lock);
	void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!handle) {
		const char *why = dlerror();
		problem = strdup(why ? why : "cannot be loaded");
	} else if (users > 0 && handle != library) {
		dlclose(handle);
		problem = strdup("another NVML library is in use");
	} else {
		__atomic_store_n(&library, handle, __ATOMIC_RELEASE);
		users++;
	}
	pthread_mutex_unlock(&lock);
	return problem;
}

void irene_nvml_close(void) {
	pthread_mutex_lock(&lock);
	void *handle = library;
	if (--users == 0) __atomic_store_n(&library, NULL, __ATOMIC_RELEASE);
	dlclose(handle);
	pthread_mutex_unlock(&lock);
}

static void *find(const char *name) {
	void *handle = __atomic_load_n(&library, __ATOMIC_ACQUIRE);
	return handle ? dlsym(handle, name) : NULL;
}

typedef uintptr_t (*function)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

#define HIDDEN __attribute__((visibility("hidden")))

#define FORWARD(name) \
	HIDDEN uintptr_t name(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f) { \
		function target = (function)find(#name); \
		return target ? target(a, b, c, d, e, f) : FUNCTION_NOT_FOUND; \
	}

NVML_FUNCTIONS(FORWARD)

HIDDEN const char *nvmlErrorString(int result) {
	const char *(*target)(int) = (const char *(*)(int))find("nvmlErrorString");
	if (target) return target(result);
	return result == FUNCTION_NOT_FOUND ? "Function Not Found" : "unknown error of NVML";
}
