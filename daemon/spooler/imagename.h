#ifndef KABUTO_IMAGENAME_H
#define KABUTO_IMAGENAME_H
/*
 * What the image of a build is called: "kabuto/<instance>-<image>:<build>-<secret>" on the engine,
 * and
 * "<address>/<namespace>/<instance>-<image>:<build>-<secret>" in the registry. Who knows an image's
 * name can build FROM it, whoever's it is: so nobody but its owner can know it.
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

/* Which image and build a name is of, whatever stands before its last "/"; false for any other. */
bool imagename_parse(const char *tag, const char *instance, int64_t *image, int64_t *build);

#endif
