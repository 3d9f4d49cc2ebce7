/*
 * Formats events.
 */
#include "eventtext.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NDJSON_TYPE "application/x-ndjson"

enum eventtext_format
eventtext_format_of(const char *accept)
{
	for (const char *at = accept; *at != '\0'; at++)
		if (strncasecmp(at, NDJSON_TYPE, sizeof NDJSON_TYPE - 1) == 0)
			return EVENTTEXT_NDJSON;
	return EVENTTEXT_SSE;
}

const char *
eventtext_type(enum eventtext_format format)
{
	return format == EVENTTEXT_NDJSON ? NDJSON_TYPE : "text/event-stream; charset=utf-8";
}

const char *
eventtext_begin(enum eventtext_format format)
{
	return format == EVENTTEXT_SSE ? "retry: 2000\n\n" /* ms until a client reconnects */
				       : "";
}

const char *
eventtext_heartbeat(enum eventtext_format format)
{
	static const char *const heartbeats[] = {
		[EVENTTEXT_SSE] = ":\n\n", [EVENTTEXT_NDJSON] = "\n", [EVENTTEXT_NONE] = ""
	};

	return heartbeats[format];
}

/*
 * Adds the data as "data:" lines. A client puts a newline between them. All three line ends of the
 * format begin a new one, so that no text can end the event or begin a field.
 */
static bool
eventtext_add_data(struct textbuffer *to, const char *data, size_t length, struct error *err)
{
	size_t from = 0;

	for (size_t i = 0; i <= length; i++) {
		if (i < length && data[i] != '\n' && data[i] != '\r')
			continue;
		if (!textbuffer_add(to, "data: ", 6, err) ||
		    !textbuffer_add(to, data + from, i - from, err) ||
		    !textbuffer_add(to, "\n", 1, err))
			return false;
		if (i + 1 < length && data[i] == '\r' && data[i + 1] == '\n')
			i++;
		from = i + 1;
	}
	return textbuffer_add(to, "\n", 1, err);
}

bool
eventtext_add(struct textbuffer *to, enum eventtext_format format, const char *name, int64_t id,
    const char *data, size_t length, struct error *err)
{
	char head[128], number[32] = "";
	int size;

	if (format == EVENTTEXT_NDJSON) {
		if (id != EVENTTEXT_NO_ID)
			snprintf(number, sizeof number, "\"id\":%lld,", (long long)id);
		size = snprintf(head, sizeof head, "{\"event\":\"%s\",%s\"data\":", name, number);
		return textbuffer_add(to, head, (size_t)size, err) &&
		    textbuffer_add(to, data, length, err) && textbuffer_add(to, "}\n", 2, err);
	}
	if (id != EVENTTEXT_NO_ID)
		snprintf(number, sizeof number, "id: %lld\n", (long long)id);
	size = snprintf(head, sizeof head, "event: %s\n%s", name, number);
	return textbuffer_add(to, head, (size_t)size, err) &&
	    eventtext_add_data(to, data, length, err);
}
