/*
 * POST /build/prune.
 */
#include "engine_buildcache.h"

#include <stdio.h>

#define PRUNE_MS (10 * 60 * 1000)

bool
engine_buildcache_prune(struct engine *engine, int64_t most, int64_t *bytes, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[128];

	/* The limit is keep-storage until API 1.47, and reserved-space from 1.48 on. 0 is none. */
	if (most < 1)
		most = 1;
	snprintf(path, sizeof path, "/build/prune?all=1&keep-storage=%lld&reserved-space=%lld",
	    (long long)most, (long long)most);
	if (!engine_call(engine, "POST", path, NULL, PRUNE_MS, &answer, err))
		return false;
	if (answer.status != 200)
		return engine_refused(&answer, err, "prune the build cache");
	*bytes = json_integer_value(json_object_get(answer.json, "SpaceReclaimed"));
	return true;
}
