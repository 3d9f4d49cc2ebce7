#ifndef KABUTO_ENGINE_EMPTYIMAGE_H
#define KABUTO_ENGINE_EMPTYIMAGE_H
/*
 * An image without any program.
 */
#include <stdbool.h>

#include "engine.h"
#include "error.h"

/*
 * Creates the image repository:latest, which contains only the empty folder run. It is for
 * containers that mount everything they need.
 */
bool engine_emptyimage_create(struct engine *engine, const char *repository, struct error *err);

#endif
