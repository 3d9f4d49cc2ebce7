#ifndef KABUTO_MEMORY_H
#define KABUTO_MEMORY_H
/*
 * The memory of this machine.
 */
#include <stdbool.h>
#include <stdint.h>

/*
 * Reads how many bytes programs could still use without swapping: MemAvailable in /proc/meminfo
 * (proc(5)). Returns false if the kernel does not say.
 */
bool memory_read_available(int64_t *bytes);

#endif
