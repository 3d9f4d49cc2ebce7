/*
 * Splits an answer into its messages.
 */
#include "engine_lines.h"

#include <stdlib.h>

#include "cleanup.h"

/* Bytes of one message. BuildKit sends up to 1 MB of output in one message, in base64. */
#define MESSAGE_MOST (4 * 1024 * 1024)

bool
engine_lines_open(struct engine_lines *lines)
{
	lines->length = 0;
	lines->line = malloc(MESSAGE_MOST);
	return lines->line != NULL;
}

void
engine_lines_close(struct engine_lines *lines)
{
	free(lines->line);
	lines->line = NULL;
}

static bool
engine_lines_take_line(struct engine_lines *lines)
{
	cleanup_json json_t *message = json_loadb(lines->line, lines->length, JSON_ALLOW_NUL, NULL);

	lines->length = 0;
	return !json_is_object(message) /* an empty line */ ||
	    lines->message(lines->context, message);
}

bool
engine_lines_write(struct engine_lines *lines, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] == '\n') {
			if (!engine_lines_take_line(lines))
				return false;
		} else if (lines->length < MESSAGE_MOST) {
			lines->line[lines->length++] = data[i];
		}
	}
	return true;
}
