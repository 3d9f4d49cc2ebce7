#ifndef KABUTO_IMAGENAME_H
#define KABUTO_IMAGENAME_H
/*
 * The name of a build's image: "kabuto/<instance>-<image>:<build>-<secret>" on the engine, and
 * "<address>/<namespace>/<instance>-<image>:<build>-<secret>" in the registry. Anyone who knows the
 * name of an image can use it in FROM, whoever owns it. So the secret makes the name known only to
 * the owner.
 */
#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct imagename {
	char local[128];
	char remote[512];
};

void imagename_make(struct imagename *name, const struct config *config, const char *instance,
    int64_t image, int64_t build, const char *secret);

/*
 * Reads the image and the build from a tag. Ignores the text before its last "/". Returns false for
 * any other name.
 */
bool imagename_parse(const char *tag, const char *instance, int64_t *image, int64_t *build);

#endif
