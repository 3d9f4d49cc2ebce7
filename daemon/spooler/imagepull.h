#ifndef KABUTO_IMAGEPULL_H
#define KABUTO_IMAGEPULL_H
/*
 * Gets an image that the engine no longer has from the registry.
 */
#include "imagename.h"
#include "worker.h"

/*
 * Pulls the image and gives it its name on the engine. ERROR_NOT_FOUND: no registry is configured,
 * or it does not have the image. Other errors: engine_registry_pull.
 */
bool imagepull_run(struct worker *worker, const struct imagename *name, struct error *err);

#endif
