#ifndef KABUTO_EVENTTEXT_H
#define KABUTO_EVENTTEXT_H
/*
 * The text of events: server-sent events (WHATWG HTML, section 9.2), or a JSON object a line
 * (application/x-ndjson), which has the same members.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "textbuffer.h"

enum eventtext_format {
	EVENTTEXT_SSE,
	EVENTTEXT_NDJSON,
	EVENTTEXT_FORMATS,
	EVENTTEXT_NONE = EVENTTEXT_FORMATS /* a stream without events: a text, or a file */
};

#define EVENTTEXT_NO_ID (-1)

/* Returns the format that an Accept header asks for. */
enum eventtext_format eventtext_format_of(const char *accept);

/* Returns the content type of a format. */
const char *eventtext_type(enum eventtext_format format);

/* Return what a stream begins with, and what it sends while nothing happens; both may be empty. */
const char *eventtext_begin(enum eventtext_format format);
const char *eventtext_heartbeat(enum eventtext_format format);

/*
 * Adds an event. name is its type; id EVENTTEXT_NO_ID: it has none. data is JSON without newlines
 * for EVENTTEXT_NDJSON, and any text for EVENTTEXT_SSE.
 */
bool eventtext_add(struct textbuffer *to, enum eventtext_format format, const char *name,
    int64_t id, const char *data, size_t length, struct error *err);

#endif
