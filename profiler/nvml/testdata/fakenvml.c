// A libnvidia-ml.so.1 without a driver. The tests compile it and load it through the real go-nvml. Its GPUs take
// FAKE_NVML_IDLE_W watts all the time, and the energy of what is done on them on top: on the first one that of the
// device in FAKE_DEVICE (see fakedevice.h), or else FAKE_NVML_ACTIVE_W times this process's processor time.
//
// The environment is read by nvmlInit_v2:
//
//	FAKE_NVML_INIT           what nvmlInit_v2 returns: 9 is a driver that is not loaded; -1 is that it does not return
//	FAKE_NVML_NAMES          the GPUs' names, apart by ";", in the order of the PCI bus; one H200 by default
//	FAKE_NVML_BLOCKED        index of a GPU that this process may not use
//	FAKE_NVML_MIG            index of a GPU in MIG mode
//	FAKE_NVML_PERIOD_MS      between two updates of the energy counter and of the power sensor; 20
//	FAKE_NVML_IDLE_W         70
//	FAKE_NVML_ACTIVE_W       200
//	FAKE_NVML_COUNTER        none (not supported), zero, half (of the energy), failing (works once, then does not)
//	FAKE_NVML_RESET_MS       when the counter starts from nothing again, after nvmlInit_v2
//	FAKE_NVML_LOST_MS        when the GPU falls off the bus, after nvmlInit_v2
//	FAKE_NVML_POWER          usage (no fields), module (a field of the module alone), garbage (an error per field, beside
//	                         a number), none
//	FAKE_NVML_REASONS        clock event reasons, in decimal
//	FAKE_NVML_GPM            none (no such device), sentinel (numbers that cannot be), failing (samples, but no metrics)
//	FAKE_NVML_PIDS           compute processes, apart by ","; "self" is this one
//	FAKE_NVML_NO_PERMISSION  1: no clock may be set; 2: not the memory's
//	FAKE_NVML_LOG            file that takes down every clock set and reset
//
// Compiled with -DWITHOUT_X, the library lacks the functions of X: ENERGY, FIELDS, GPM, EVENTS, TEMPERATURE, PROCESSES,
// LOCKS, PCI, ERRORSTRING.

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../testdata/fakedevice.h"

enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, SMALL = 7, LOST = 15, GPUS = 8 };

struct gpu {
	int index;
	char name[96];
};

static struct gpu gpus[GPUS];
static int count;
static struct fake_device *device;
static int64_t start_ns;

static const char *text(const char *name) {
	const char *v = getenv(name);
	return v ? v : "";
}
static double number(const char *name, double otherwise) {
	const char *v = getenv(name);
	return v && *v ? atof(v) : otherwise;
}
static int is(const char *name, const char *value) { return strcmp(text(name), value) == 0; }

static int64_t clock_ns(clockid_t id) {
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static int64_t time_ns(void) {
	int64_t given = device ? device->now_ns : 0;
	return given ? given : clock_ns(CLOCK_MONOTONIC);
}
static int64_t now_ns(void) { return time_ns() - start_ns; }

// What was done so far: joules above idle, and time.
static double active_j(void) {
	if (device) return (double)__atomic_load_n(&device->active_uj, __ATOMIC_SEQ_CST) / 1e6;
	return number("FAKE_NVML_ACTIVE_W", 200) * (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9;
}
static double busy_s(void) {
	if (device) return (double)__atomic_load_n(&device->busy_ns, __ATOMIC_SEQ_CST) / 1e9;
	return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9;
}

// The sensor: its last update was at the last whole period. What was active then is interpolated between two calls.
static struct {
	int64_t at;       // of the last call
	double active;    // then
	int64_t tick;     // of the last update
	double energy, power;
} sensor;

static void refresh(void) {
	int64_t now = now_ns(), period = (int64_t)(number("FAKE_NVML_PERIOD_MS", 20) * 1e6);
	int64_t tick = now / period * period;
	double active = active_j(), idle = number("FAKE_NVML_IDLE_W", 70);
	if (tick > sensor.tick) {
		double share = now > sensor.at ? (double)(tick - sensor.at) / (double)(now - sensor.at) : 1;
		double then = sensor.active + (share > 0 ? share : 0) * (active - sensor.active);
		double energy = idle * (double)tick / 1e9 + then;
		sensor.power = (energy - sensor.energy) / ((double)(tick - sensor.tick) / 1e9);
		sensor.energy = energy;
		sensor.tick = tick;
	}
	sensor.at = now;
	sensor.active = active;
}

static int lost(void) {
	double ms = number("FAKE_NVML_LOST_MS", 0);
	return ms > 0 && (double)now_ns() / 1e6 >= ms;
}

int nvmlInit_v2(void) {
	int result = (int)number("FAKE_NVML_INIT", 0);
	while (result < 0) pause();
	if (result != SUCCESS) return result;
	const char *names = *text("FAKE_NVML_NAMES") ? text("FAKE_NVML_NAMES") : "NVIDIA H200";
	for (count = 0; count < GPUS && *names; count++) {
		size_t n = strcspn(names, ";");
		gpus[count].index = count;
		snprintf(gpus[count].name, sizeof gpus[count].name, "%.*s", (int)n, names);
		names += n + (names[n] == ';');
	}
	device = fake_device_map();
	start_ns = time_ns();
	memset(&sensor, 0, sizeof sensor);
	sensor.active = active_j();
	sensor.energy = sensor.active;
	sensor.power = number("FAKE_NVML_IDLE_W", 70);
	return SUCCESS;
}
int nvmlShutdown(void) { return SUCCESS; }

#ifndef WITHOUT_ERRORSTRING
const char *nvmlErrorString(int result) {
	switch (result) {
	case INVALID: return "Invalid Argument";
	case NOT_SUPPORTED: return "Not Supported";
	case NO_PERMISSION: return "Insufficient Permissions";
	case 9: return "Driver Not Loaded";
	case 13: return "Function Not Found";
	case LOST: return "GPU is lost";
	}
	return "Unknown Error";
}
#endif

static int put(char *to, unsigned size, const char *from) {
	if (strlen(from) >= size) return SMALL;
	strcpy(to, from);
	return SUCCESS;
}

int nvmlSystemGetDriverVersion(char *to, unsigned size) { return put(to, size, "580.65.06"); }
int nvmlDeviceGetCount_v2(unsigned *n) { return *n = (unsigned)count, SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, struct gpu **gpu) {
	if (i >= (unsigned)count) return INVALID;
	if (number("FAKE_NVML_BLOCKED", -1) == i) return NO_PERMISSION;
	*gpu = &gpus[i];
	return SUCCESS;
}
int nvmlDeviceGetName(struct gpu *gpu, char *to, unsigned size) { return put(to, size, gpu->name); }
int nvmlDeviceGetUUID(struct gpu *gpu, char *to, unsigned size) {
	char uuid[64];
	snprintf(uuid, sizeof uuid, "GPU-%d%d%d%dabcd-0000-0000-0000-000000000000", gpu->index, gpu->index, gpu->index, gpu->index);
	return put(to, size, uuid);
}

#ifndef WITHOUT_PCI
struct pci {
	char legacy[16];
	unsigned domain, bus, device, id, subsystem;
	char bus_id[32];
};
int nvmlDeviceGetPciInfo_v3(struct gpu *gpu, struct pci *pci) {
	memset(pci, 0, sizeof *pci);
	pci->bus = 0x19 + (unsigned)gpu->index;
	return SUCCESS;
}
#endif

int nvmlDeviceGetMigMode(struct gpu *gpu, unsigned *now, unsigned *next) {
	*now = *next = number("FAKE_NVML_MIG", -1) == gpu->index;
	return SUCCESS;
}
int nvmlDeviceGetEnforcedPowerLimit(struct gpu *gpu, unsigned *mw) {
	(void)gpu;
	*mw = 700000;
	return SUCCESS;
}
int nvmlDeviceGetMemoryInfo(struct gpu *gpu, unsigned long long memory[3]) {
	(void)gpu;
	memory[0] = 150754820096ull;
	memory[1] = memory[0];
	memory[2] = 0;
	return SUCCESS;
}

#ifndef WITHOUT_ENERGY
int nvmlDeviceGetTotalEnergyConsumption(struct gpu *gpu, unsigned long long *mj) {
	static int calls;
	(void)gpu;
	if (lost()) return LOST;
	if (is("FAKE_NVML_COUNTER", "none")) return NOT_SUPPORTED;
	if (is("FAKE_NVML_COUNTER", "failing") && calls++ > 3) return 999;
	refresh();
	double rate = is("FAKE_NVML_COUNTER", "half") ? 0.5 : 1, before = 5000;
	double reset = number("FAKE_NVML_RESET_MS", 0);
	if (reset > 0 && (double)sensor.tick / 1e6 >= reset) before = 0;
	*mj = is("FAKE_NVML_COUNTER", "zero") ? 0 : (unsigned long long)(1000 * (before + rate * sensor.energy));
	return SUCCESS;
}
#endif

int nvmlDeviceGetPowerUsage(struct gpu *gpu, unsigned *mw) {
	(void)gpu;
	if (lost()) return LOST;
	if (is("FAKE_NVML_POWER", "none") || is("FAKE_NVML_POWER", "module")) return NOT_SUPPORTED;
	refresh();
	*mw = (unsigned)(1000 * sensor.power);
	return SUCCESS;
}

#ifndef WITHOUT_FIELDS
struct field {
	unsigned id, scope;
	long long timestamp, latency;
	unsigned type, result;
	unsigned char value[8];
};
int nvmlDeviceGetFieldValues(struct gpu *gpu, int n, struct field *fields) {
	(void)gpu;
	if (lost()) return LOST;
	for (int i = 0; i < n; i++) {
		struct field *f = &fields[i];
		int module = is("FAKE_NVML_POWER", "module");
		memset(f->value, 0xff, sizeof f->value); // only what the type covers means something
		f->type = 1;                             // unsigned int
		f->result = NOT_SUPPORTED;
		if (f->id != 186 || f->scope != (unsigned)module || is("FAKE_NVML_POWER", "usage") || is("FAKE_NVML_POWER", "none") || is("FAKE_NVML_POWER", "garbage")) continue;
		refresh();
		unsigned mw = (unsigned)(1000 * (sensor.power + (module ? 100 : 0)));
		memcpy(f->value, &mw, sizeof mw);
		f->result = SUCCESS;
	}
	return SUCCESS;
}
#endif

int nvmlDeviceGetClockInfo(struct gpu *gpu, int type, unsigned *mhz) {
	(void)gpu;
	*mhz = type == 1 ? 1980 : 3201;
	return type == 1 || type == 2 ? SUCCESS : INVALID;
}
struct temperature {
	unsigned version, sensor;
	int celsius;
};
int nvmlDeviceGetTemperatureV(struct gpu *gpu, struct temperature *t) {
	(void)gpu;
	if (t->version != (1u << 24 | sizeof *t)) return 25;
	t->celsius = 44;
	return SUCCESS;
}
#ifndef WITHOUT_TEMPERATURE
int nvmlDeviceGetTemperature(struct gpu *gpu, int sensor_type, unsigned *celsius) {
	(void)gpu;
	(void)sensor_type;
	*celsius = 41;
	return lost() ? LOST : SUCCESS;
}
#endif

int nvmlDeviceGetCurrentClocksThrottleReasons(struct gpu *gpu, unsigned long long *bits) {
	(void)gpu;
	*bits = (unsigned long long)number("FAKE_NVML_REASONS", 0);
	return SUCCESS;
}
#ifndef WITHOUT_EVENTS
int nvmlDeviceGetCurrentClocksEventReasons(struct gpu *gpu, unsigned long long *bits) { return nvmlDeviceGetCurrentClocksThrottleReasons(gpu, bits); }
#endif

static double share(double *busy, int64_t *at) {
	int64_t now = now_ns();
	double b = busy_s(), percent = now > *at ? 100 * (b - *busy) / ((double)(now - *at) / 1e9) : 0;
	*busy = b;
	*at = now;
	return percent > 100 ? 100 : percent;
}

int nvmlDeviceGetUtilizationRates(struct gpu *gpu, unsigned rates[2]) {
	static double busy;
	static int64_t at;
	(void)gpu;
	rates[0] = (unsigned)share(&busy, &at);
	rates[1] = rates[0] / 2;
	return SUCCESS;
}

#ifndef WITHOUT_PROCESSES
struct process {
	unsigned pid;
	unsigned long long memory;
	unsigned gpu_instance, compute_instance;
};
int nvmlDeviceGetComputeRunningProcesses_v3(struct gpu *gpu, unsigned *n, struct process *list) {
	(void)gpu;
	unsigned found = 0, room = *n;
	for (const char *p = text("FAKE_NVML_PIDS"); *p; found++) {
		size_t length = strcspn(p, ",");
		unsigned pid = strncmp(p, "self", 4) == 0 ? (unsigned)getpid() : (unsigned)atoi(p);
		if (found < room) list[found] = (struct process){pid, 1 << 20, ~0u, ~0u};
		p += length + (p[length] == ',');
	}
	*n = found;
	return found > room ? SMALL : SUCCESS;
}
#endif

#ifndef WITHOUT_GPM
struct sample {
	double busy;
	int64_t at;
};
struct metric {
	unsigned id, result;
	double value;
	char *info[3];
};
struct metrics {
	unsigned version, n;
	struct sample *a, *b;
	struct metric metrics[477];
};
int nvmlGpmQueryDeviceSupport(struct gpu *gpu, unsigned support[2]) {
	(void)gpu;
	support[1] = !is("FAKE_NVML_GPM", "none");
	return SUCCESS;
}
int nvmlGpmSampleAlloc(struct sample **s) {
	*s = calloc(1, sizeof **s);
	return *s ? SUCCESS : 20;
}
int nvmlGpmSampleFree(struct sample *s) { return free(s), SUCCESS; }
int nvmlGpmSampleGet(struct gpu *gpu, struct sample *s) {
	(void)gpu;
	s->busy = busy_s();
	s->at = now_ns();
	return SUCCESS;
}
// Graphics as busy as the device was, every other metric that over its number.
int nvmlGpmMetricsGet(struct metrics *m) {
	if (is("FAKE_NVML_GPM", "failing")) return NO_PERMISSION;
	double seconds = (double)(m->b->at - m->a->at) / 1e9;
	if (m->version != 1 || seconds <= 0.1) return INVALID;
	for (unsigned i = 0; i < m->n; i++) {
		struct metric *v = &m->metrics[i];
		double percent = 100 * (m->b->busy - m->a->busy) / seconds;
		v->value = percent / v->id;
		v->result = SUCCESS;
		if (!is("FAKE_NVML_GPM", "sentinel")) continue;
		if (v->id == 5) v->value = 140737488355328.0;
		if (v->id == 10) v->result = NOT_SUPPORTED;
		if (v->id == 11) v->value = -1;
	}
	return SUCCESS;
}
#endif

#ifndef WITHOUT_LOCKS
static int note(const char *what, unsigned mhz, int memory) {
	double denied = number("FAKE_NVML_NO_PERMISSION", 0);
	if (denied == 1 || (denied == 2 && memory)) return NO_PERMISSION;
	FILE *f = fopen(text("FAKE_NVML_LOG"), "a");
	if (!f) return SUCCESS;
	fprintf(f, mhz ? "%s %u\n" : "%s\n", what, mhz);
	fclose(f);
	return SUCCESS;
}
int nvmlDeviceSetGpuLockedClocks(struct gpu *gpu, unsigned low, unsigned high) { return (void)gpu, low == high ? note("lock sm", low, 0) : INVALID; }
int nvmlDeviceResetGpuLockedClocks(struct gpu *gpu) { return (void)gpu, note("reset sm", 0, 0); }
int nvmlDeviceSetMemoryLockedClocks(struct gpu *gpu, unsigned low, unsigned high) { return (void)gpu, low == high ? note("lock memory", low, 1) : INVALID; }
int nvmlDeviceResetMemoryLockedClocks(struct gpu *gpu) { return (void)gpu, note("reset memory", 0, 1); }
#endif
