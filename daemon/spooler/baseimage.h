#ifndef KABUTO_BASEIMAGE_H
#define KABUTO_BASEIMAGE_H
/*
 * Base images for BuildKit. It can use the images that the engine has, but it cannot log in to a
 * registry without a client that stays connected. So the engine pulls the missing ones first.
 */
#include <jansson.h>
#include <stdbool.h>

#include "error.h"
#include "worker.h"

/* Called before each pull. */
typedef void baseimage_pulling(void *context, const char *image);

/*
 * Makes the engine have the images, an array of names, and checks their ONBUILD instructions. True:
 * *refusal is NULL, or says why the build must fail; the caller frees it. False: a later try may
 * succeed. ERROR_REGISTRY: the configured registry cannot be reached.
 */
bool baseimage_prepare(struct worker *worker, json_t *images, baseimage_pulling *pulling,
    void *context, char **refusal, struct error *err);

#endif
