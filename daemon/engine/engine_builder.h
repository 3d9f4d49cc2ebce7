#ifndef KABUTO_ENGINE_BUILDER_H
#define KABUTO_ENGINE_BUILDER_H
/*
 * The builders of engines. They differ in what a Dockerfile may contain, and in how they name
 * images (dockerfile.h).
 */
#include "engine.h"

enum builder {
	BUILDER_CLASSIC,  /* Docker's first builder */
	BUILDER_BUILDKIT, /* Docker's new builder, part of the engine since 18.09 */
	BUILDER_PODMAN    /* Podman's only builder */
};

/*
 * Returns the builder for the engine. choice is the setting: "classic", "buildkit", or "auto" for
 * BuildKit on Docker 24 and later. Podman ignores the setting. engine_agree must have succeeded.
 */
enum builder engine_builder_choose(const struct engine *engine, const char *choice);

#endif
