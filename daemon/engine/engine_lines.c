/*
 * Splits an answer into its messages.
 */
#include "engine_lines.h"

#include <stdlib.h>

#include "cleanup.h"

/* Bytes of one message. BuildKit sends up to 1 MB of output in one message, in base64. */
#define MESSAGE_MOST  (4 * 1024 * 1024)
#define MESSAGE_USUAL (16 * 1024)

bool
engine_lines_open(struct engine_lines *lines)
{
	lines->length = 0;
	lines->room = MESSAGE_USUAL;
	lines->line = malloc(lines->room);
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

/* Makes room for one more byte. False: the message is too long, or memory is short. */
static bool
engine_lines_make_room(struct engine_lines *lines)
{
	char *line;

	if (lines->length < lines->room)
		return true;
	line = lines->room < MESSAGE_MOST ? realloc(lines->line, 2 * lines->room) : NULL;
	if (line == NULL)
		return false;
	lines->line = line;
	lines->room *= 2;
	return true;
}

bool
engine_lines_write(struct engine_lines *lines, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] == '\n') {
			if (!engine_lines_take_line(lines))
				return false;
		} else if (engine_lines_make_room(lines)) {
			lines->line[lines->length++] = data[i];
		}
	}
	return true;
}
