#ifndef KABUTO_OUTBOXLIST_H
#define KABUTO_OUTBOXLIST_H
/*
 * The names of a job's results, read while they come: the list may have 100,000.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

struct outboxlist {
	char **names;
	size_t count, room;
};

/*
 * Gets the names of those results that one of the patterns means: a file's name, a folder's name
 * (all files in it), or a pattern of the shell (fnmatch(3); "*" also fits "/"). ERROR_NOT_FOUND
 * names a pattern that nothing fits. The caller calls outboxlist_clear.
 */
bool outboxlist_get(struct outboxlist *list, struct http *http, int64_t pipeline, int64_t job,
    char *const *patterns, size_t patterns_count, struct error *err);
void outboxlist_clear(struct outboxlist *list);

#endif
