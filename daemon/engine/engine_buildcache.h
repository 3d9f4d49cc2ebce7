#ifndef KABUTO_ENGINE_BUILDCACHE_H
#define KABUTO_ENGINE_BUILDCACHE_H
/*
 * BuildKit's cache on the engine: results of steps, and cache mounts. It belongs to the engine, and
 * not to one Kabuto.
 */
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"

/*
 * Removes what was not used for the longest time, until the cache has at most `most` bytes. What a
 * running build uses stays. *bytes gets how much was removed.
 */
bool engine_buildcache_prune(struct engine *engine, int64_t most, int64_t *bytes,
    struct error *err);

#endif
