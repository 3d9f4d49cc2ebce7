#ifndef KABUTO_ELSEWHERE_H
#define KABUTO_ELSEWHERE_H
/*
 * Finds files that a job left outside /outbox, for a hint in its log.
 */
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"

/*
 * *line gets a text that names files which the ended container added outside our mounts, or NULL if
 * it added none that may be a result. First come files that were written after `since` (ms since
 * 1970), the largest first. The caller frees the text.
 */
bool elsewhere_find(struct engine *engine, const char *container, int64_t since, char **line,
    struct error *err);

#endif
