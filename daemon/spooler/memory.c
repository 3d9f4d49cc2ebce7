/*
 * Reads /proc/meminfo.
 */
#include "memory.h"

#include <stdio.h>

#include "cleanup.h"

bool
memory_read_available(int64_t *bytes)
{
	cleanup_file FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long long kilobytes;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "MemAvailable: %18lld kB", &kilobytes) == 1) {
			*bytes = kilobytes * 1024;
			return true;
		}
	return false;
}
