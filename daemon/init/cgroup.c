/*
 * Reads the container's cgroup, which the container sees at /sys/fs/cgroup. Version 1 has a folder
 * for each controller, version 2 has one folder for all (Linux, Documentation/admin-guide/cgroup-v1
 * and cgroup-v2.rst).
 */
#include "cgroup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup/"
#define TEXT 16384

static int
cgroup_read_text(const char *path, char text[static TEXT])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, TEXT - 1);

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* Reads the only number of the file; 0 if the file has none. */
static int64_t
cgroup_read_number(const char *path)
{
	char text[TEXT];

	return cgroup_read_text(path, text) ? strtoll(text, NULL, 10) : 0;
}

/* Reads the number after "key " at the beginning of a line. */
static int64_t
cgroup_read_field(const char *path, const char *key)
{
	size_t length = strlen(key);
	char text[TEXT];

	if (!cgroup_read_text(path, text))
		return 0;
	for (char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoll(line + length + 1, NULL, 10);
	}
	return 0;
}

/* Returns the sum of the numbers after each "key" in the file, for all devices together. */
static int64_t
cgroup_sum_fields(const char *path, const char *key)
{
	char text[TEXT];
	int64_t sum = 0;

	if (!cgroup_read_text(path, text))
		return 0;
	for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key))
		sum += strtoll(at + strlen(key), NULL, 10);
	return sum;
}

static bool
cgroup_is_v2(void)
{
	return access(ROOT "cgroup.controllers", F_OK) == 0;
}

static int64_t
cgroup_read_cpu_ns(void)
{
	int64_t ns;

	if (cgroup_is_v2())
		return cgroup_read_field(ROOT "cpu.stat", "usage_usec") * 1000;
	ns = cgroup_read_number(ROOT "cpuacct/cpuacct.usage");
	return ns != 0 ? ns : cgroup_read_number(ROOT "cpu,cpuacct/cpuacct.usage");
}

void
cgroup_sample(int64_t *cpu_ns, int64_t *memory)
{
	*cpu_ns = cgroup_read_cpu_ns();
	*memory = cgroup_read_number(cgroup_is_v2() ? ROOT "memory.current"
						    : ROOT "memory/memory.usage_in_bytes");
}

static void
cgroup_read_v2(struct cgroup_usage *usage)
{
	usage->memory = cgroup_read_number(ROOT "memory.peak"); /* Linux 5.19 and later */
	if (usage->memory == 0)
		usage->memory = cgroup_read_number(ROOT "memory.current");
	if (access(ROOT "io.stat", R_OK) == 0)
		usage->io = cgroup_sum_fields(ROOT "io.stat", "rbytes=") +
		    cgroup_sum_fields(ROOT "io.stat", "wbytes=");
	usage->oom_kills = cgroup_read_field(ROOT "memory.events", "oom_kill");
}

static void
cgroup_read_v1(struct cgroup_usage *usage)
{
	int64_t io;

	usage->memory = cgroup_read_number(ROOT "memory/memory.max_usage_in_bytes");
	/* Linux 6.10 and later count only if there is a limit; then the file has no such lines. */
	io = cgroup_sum_fields(ROOT "blkio/blkio.throttle.io_service_bytes", "Read ") +
	    cgroup_sum_fields(ROOT "blkio/blkio.throttle.io_service_bytes", "Write ");
	if (io > 0)
		usage->io = io;
	usage->oom_kills = cgroup_read_field(ROOT "memory/memory.oom_control", "oom_kill");
}

void
cgroup_read(struct cgroup_usage *usage)
{
	*usage = (struct cgroup_usage){ .cpu_ns = cgroup_read_cpu_ns(), .io = -1 };
	if (cgroup_is_v2())
		cgroup_read_v2(usage);
	else
		cgroup_read_v1(usage);
}
