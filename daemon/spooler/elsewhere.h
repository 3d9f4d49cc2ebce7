#ifndef KABUTO_ELSEWHERE_H
#define KABUTO_ELSEWHERE_H
/*
 * The hint for a job that left its results where they are not kept.
 */
#include <stdbool.h>

#include "engine.h"
#include "error.h"

/*
 * A line that names files which the ended container added outside of what we mounted; NULL where
 * there are none. It is the caller's to free.
 */
bool elsewhere_find(struct engine *engine, const char *container, char **line, struct error *err);

#endif
