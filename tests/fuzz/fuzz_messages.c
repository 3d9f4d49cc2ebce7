/*
 * What the engine says while it builds: messages and the failure do not depend on how the stream
 * was cut, and every text of them is UTF-8. Input: a seed for the cuts, the stream.
 */
#include "fuzz.h"

/* Its parsing is static, behind a call that also packs a context. */
#include "daemon/engine/engine_image.c"

static bool
record_message(void *context, json_t *message)
{
	cleanup_free char *text = json_dumps(message, JSON_COMPACT);

	assert(text != NULL && utf8_valid(text, strlen(text)));
	record_add_text(context, text);
	return true;
}

/* The whole stream at once where cuts is NULL. The failure is the caller's to free. */
static char *
read_stream(struct record *record, const char *stream, size_t length, struct cuts *cuts)
{
	const struct engine_image_build build = { .message = record_message, .message_context = record };
	struct messages messages = { .build = &build };

	messages.lines = (struct engine_lines){ .message = engine_image_on_message, .context = &messages };
	assert(engine_lines_open(&messages.lines));
	for (size_t at = 0; at < length;) {
		size_t size = cuts == NULL ? length : cuts_next(cuts, length - at);

		assert(engine_image_messages_write(&messages, stream + at, size));
		at += size;
	}
	engine_lines_close(&messages.lines);
	assert(memchr(messages.step, '\0', sizeof messages.step) != NULL);
	assert(utf8_valid(messages.step, strlen(messages.step)));
	assert(messages.failure == NULL || utf8_valid(messages.failure, strlen(messages.failure)));
	return messages.failure;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct cuts cuts = cuts_of(input_byte(&input));
	size_t length = input.size;
	cleanup_free char *stream = input_take(&input, &length);
	struct record whole = { 0 }, pieces = { 0 };
	cleanup_free char *failure = read_stream(&whole, stream, length, NULL);
	cleanup_free char *other = read_stream(&pieces, stream, length, &cuts);

	assert((failure == NULL) == (other == NULL));
	assert(failure == NULL || strcmp(failure, other) == 0);
	assert(record_same(&whole, &pieces));
	free(whole.bytes);
	free(pieces.bytes);
	return 0;
}
