/*
 * The Cookie header: a value that is found stands in it behind its name, has no ";", and fits.
 * Input: the room for the value, the header.
 */
#include "fuzz.h"

#include "fcgi/cookie.h"

#define NAME "session"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	size_t room = input_byte(&input) % 64 + 1u;
	cleanup_free char *header = input_text(&input, input.size), *value = malloc(room);
	cleanup_free char *pair = NULL;
	int length;

	assert(value != NULL);
	cookie_find(header, NAME, value, room);
	assert(strnlen(value, room) < room && strchr(value, ';') == NULL);
	length = asprintf(&pair, NAME "=%s", value);
	assert(length > 0);
	assert(value[0] == '\0' || strstr(header, pair) != NULL);
	return 0;
}
