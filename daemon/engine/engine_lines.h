#ifndef KABUTO_ENGINE_LINES_H
#define KABUTO_ENGINE_LINES_H
/*
 * Reads an answer that is a stream of messages, one JSON object a line: builds, pushes, pulls.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct engine_lines {
	/* Called with each message, which is valid during the call only. False ends the stream. */
	bool (*message)(void *context, json_t *message);
	void *context;
	char *line; /* the incomplete line so far */
	size_t length, room;
};

/*
 * Allocates the line's buffer, which grows with long messages. Returns false without memory. On
 * true the caller must call engine_lines_close.
 */
bool engine_lines_open(struct engine_lines *lines);
void engine_lines_close(struct engine_lines *lines);

/* Handles the next bytes of the answer. It is for the write function of a struct engine_stream. */
bool engine_lines_write(struct engine_lines *lines, const char *data, size_t length);

#endif
