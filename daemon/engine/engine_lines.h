#ifndef KABUTO_ENGINE_LINES_H
#define KABUTO_ENGINE_LINES_H
/*
 * An answer that is a stream of messages, one JSON object a line: builds, pushes, pulls.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct engine_lines {
	/* Called with each message, which lasts for the call; false ends the stream. */
	bool (*message)(void *context, json_t *message);
	void *context;
	char *line; /* what has come of one */
	size_t length;
};

/* Makes room for a line; false without memory. */
bool engine_lines_open(struct engine_lines *lines);
void engine_lines_close(struct engine_lines *lines);

/* Takes the next bytes of the answer: the write function of a struct engine_stream. */
bool engine_lines_write(struct engine_lines *lines, const char *data, size_t length);

#endif
