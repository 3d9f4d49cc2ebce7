#ifndef KABUTO_BUILDFILE_H
#define KABUTO_BUILDFILE_H
/*
 * A build's Dockerfile on its way to the engine: checked, and translated (dockerfile_translate.h).
 */
#include <jansson.h>
#include <stdbool.h>

#include "build.h"
#include "dockerignore.h"
#include "error.h"
#include "ownimage.h"
#include "worker.h"

struct buildfile {
	char *text;           /* for the engine; NULL: as it is in the context */
	json_t *arguments;    /* the build arguments for the engine: name, value */
	json_t *images;       /* for BuildKit: the names of the images that it needs; else NULL */
	struct ownimages own; /* the account's own images in it */
	struct dockerignore ignore; /* what of the context the engine does not get */
};

/*
 * Prepares the Dockerfile for the engine. context is the folder of the context. ERROR_INPUT: it
 * must not be built, or this engine's builder would ignore a part of it. On true the caller must
 * call buildfile_clear.
 */
bool buildfile_prepare(struct buildfile *file, struct worker *worker, const struct build *build,
    int context, const char *text, struct error *err);
void buildfile_clear(struct buildfile *file);

#endif
