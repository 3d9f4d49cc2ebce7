/*
 * Chooses the builder.
 */
#include "engine_builder.h"

#include <string.h>

/*
 * "auto" uses BuildKit from this API version on (Docker 24). Since Docker 23 the classic builder
 * ignores here-documents without an error.
 */
#define BUILDKIT_MINOR 43

enum builder
engine_builder_choose(const struct engine *engine, const char *choice)
{
	if (engine->podman)
		return BUILDER_PODMAN;
	if (strcmp(choice, "auto") != 0)
		return strcmp(choice, "buildkit") == 0 ? BUILDER_BUILDKIT : BUILDER_CLASSIC;
	return engine_api_minor(engine) >= BUILDKIT_MINOR ? BUILDER_BUILDKIT : BUILDER_CLASSIC;
}
