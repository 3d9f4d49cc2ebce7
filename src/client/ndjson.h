#ifndef KABUTO_NDJSON_H
#define KABUTO_NDJSON_H
/*
 * JSON texts, one on a line (application/x-ndjson), that come in pieces of any size.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct ndjson {
	char *rest; /* the beginning of a line whose end has not come */
	size_t length, room;
};

/* Gets the value of a line, which belongs to the caller. Returns false with err set to end. */
typedef bool ndjson_visit(const json_t *value, void *context, struct error *err);

/*
 * Adds a piece, and calls visit for each line that it completes. Empty lines, which keep the
 * connection alive, count for nothing. ERROR_SYSTEM: a line is no JSON, or longer than 64 MiB.
 */
bool ndjson_add(struct ndjson *lines, const char *piece, size_t length, ndjson_visit *visit,
    void *context, struct error *err);

/* Forgets an unfinished line. */
void ndjson_clear(struct ndjson *lines);

#endif
