/*
 * The usage file: numbers of at most 18 digits and not negative, whatever a job has written there,
 * and complete only where the line "end" is.
 */
#include "fuzz.h"

#include "daemon/spooler/usage.h"

static bool
sound(int64_t value)
{
	return value >= 0 && value < INT64_C(1000000000000000000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t length = size;
	cleanup_free char *text = input_take(&input, &length);
	struct usage usage;

	memset(&usage, 0xff, sizeof usage);
	usage_parse(&usage, text, length);
	assert(sound(usage.cpu_ns) && sound(usage.memory) && sound(usage.io));
	assert(sound(usage.log_dropped) && sound(usage.exec_errno) && sound(usage.signal));
	assert(sound(usage.written) && sound(usage.code) && sound(usage.oom_kills));
	assert(!usage.complete || (length >= 4 && memmem(text, length, "end\n", 4) != NULL));
	return 0;
}
