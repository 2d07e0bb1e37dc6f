/*
 * The one device behind the fake libraries of the tests: work that the fake ONNX Runtime does in one process is energy
 * that the fake NVML counts in another. The environment variable FAKE_DEVICE names a file of the structure's size, made
 * by the test; both sides map it shared.
 *
 * A file of zeros is a device that has done nothing: who finds magic zero sets it. Where FAKE_DEVICE is not set or the
 * file cannot be mapped, fake_device_map returns NULL and the caller goes on alone.
 */
#ifndef FAKEDEVICE_H
#define FAKEDEVICE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAKE_DEVICE_ENV "FAKE_DEVICE"
#define FAKE_DEVICE_MAGIC 0x3145434956454446ull /* "FDEVICE1" */

struct fake_device {
	uint64_t magic;
	volatile int64_t busy_ns;   /* time in which the device worked, so far */
	volatile int64_t active_uj; /* energy of that work above idle, microjoules, so far */
	volatile int64_t now_ns;    /* the device's time, where a test lets it pass; 0: the machine's */
};

static inline struct fake_device *fake_device_map(void) {
	const char *path = getenv(FAKE_DEVICE_ENV);
	if (!path || !*path) return NULL;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) return NULL;
	struct stat st;
	void *p = MAP_FAILED;
	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(struct fake_device))
		p = mmap(NULL, sizeof(struct fake_device), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED) return NULL;
	struct fake_device *d = p;
	__sync_val_compare_and_swap(&d->magic, 0, FAKE_DEVICE_MAGIC);
	if (d->magic == FAKE_DEVICE_MAGIC) return d;
	munmap(p, sizeof(struct fake_device));
	return NULL;
}

/* Adds work to the device: how long it took and what it took above idle. */
static inline void fake_device_work(struct fake_device *d, int64_t busy_ns, int64_t uj) {
	if (!d) return;
	__sync_fetch_and_add(&d->busy_ns, busy_ns);
	__sync_fetch_and_add(&d->active_uj, uj);
}

#endif
