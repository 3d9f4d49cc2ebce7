/*
 * BuildKit's progress messages: whatever bytes they have, the text that they become is UTF-8 and
 * goes on after each of them. Input: the lengths of messages, each before its bytes.
 */
#include "fuzz.h"

#include <sodium.h>

#include "daemon/engine/engine_buildkit.h"
#include "utf8.h"

static void
on_text(void *context, const char *text)
{
	assert(utf8_valid(text, strlen(text)));
	*(size_t *)context += strlen(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t written = 0;
	struct engine_buildkit buildkit = { .write = on_text, .context = &written };

	while (size > 2) {
		size_t length = (size_t)data[0] << 8 | data[1];
		char *message;

		data += 2;
		size -= 2;
		length = length < size ? length : size;
		message = malloc(sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_ORIGINAL));
		assert(message != NULL);
		sodium_bin2base64(message,
		    sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_ORIGINAL), data, length,
		    sodium_base64_VARIANT_ORIGINAL);
		engine_buildkit_read(&buildkit, message);
		assert(memchr(buildkit.failed, '\0', sizeof buildkit.failed) != NULL);
		assert(utf8_valid(buildkit.failed, strlen(buildkit.failed)));
		free(message);
		data += length;
		size -= length;
	}
	engine_buildkit_close(&buildkit);
	return 0;
}
