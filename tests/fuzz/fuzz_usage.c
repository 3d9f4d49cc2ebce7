/*
 * The usage file: numbers of at most 18 digits and not negative, texts of one line, whatever a job
 * has written there, and complete only where the line "end" is.
 */
#include "fuzz.h"

#include "daemon/spooler/usage.h"

static bool
sound(int64_t value)
{
	return value >= 0 && value < INT64_C(1000000000000000000);
}

static bool
one_line(const char text[static USAGE_TEXT])
{
	size_t length = strnlen(text, USAGE_TEXT);

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 127)
			return false;
	return length < USAGE_TEXT;
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
	assert(sound(usage.written) && sound(usage.code) && sound(usage.oom_kills) &&
	    sound(usage.stopped));
	assert(one_line(usage.exec_reason) && one_line(usage.exec_file) &&
	    one_line(usage.exec_detail));
	assert(!usage.complete || (length >= 4 && memmem(text, length, "end\n", 4) != NULL));
	return 0;
}
