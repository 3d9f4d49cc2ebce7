#ifndef KABUTO_ELSEWHERE_H
#define KABUTO_ELSEWHERE_H
/*
 * Finds files that a job left outside /outbox, for a hint in its log.
 */
#include <stdbool.h>

#include "engine.h"
#include "error.h"

/*
 * *line gets a text that names files which the ended container added outside our mounts, or NULL if
 * it added none. The caller frees it.
 */
bool elsewhere_find(struct engine *engine, const char *container, char **line, struct error *err);

#endif
