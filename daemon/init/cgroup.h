#ifndef KABUTO_INIT_CGROUP_H
#define KABUTO_INIT_CGROUP_H
/*
 * The container's resource usage, read from its cgroup (version 1 or 2).
 */
#include <stdint.h>

struct cgroup_usage {
	int64_t cpu_ns;
	int64_t memory; /* bytes at the peak */
	int64_t io;     /* bytes read and written on block devices; -1: not counted */
	int64_t oom_kills;
};

/* Reads the CPU time and the memory of now, in bytes, page cache included. 0: it cannot be read. */
void cgroup_sample(int64_t *cpu_ns, int64_t *memory);

/* Reads the usage. Another value than io that cannot be read is 0. */
void cgroup_read(struct cgroup_usage *usage);

#endif
