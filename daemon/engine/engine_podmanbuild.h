#ifndef KABUTO_ENGINE_PODMANBUILD_H
#define KABUTO_ENGINE_PODMANBUILD_H
/*
 * The containers in which Podman runs the steps of builds. A step goes on after the call that asked
 * for the build was ended (Podman 5).
 */
#include <jansson.h>

#include "engine.h"
#include "error.h"

/*
 * Returns the ids of these containers, as the names of an object, which the caller frees. They are
 * those of all builds of the engine. NULL with err set.
 */
json_t *engine_podmanbuild_list(struct engine *engine, struct error *err);

#endif
