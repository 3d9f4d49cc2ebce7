#ifndef KABUTO_DOCKERFILE_H
#define KABUTO_DOCKERFILE_H
/*
 * What a Dockerfile may take from the engine that builds it.
 *
 * The engine finds an image also by the first digits of its id: "FROM 4f" is anybody's whose id
 * begins with them. So images must be named, and are not to be had by their ids, nor out of files
 * of the machine, where Podman looks for "FROM dir:/x". RUN gets no other network than the build's,
 * and no cache that Podman would share between accounts. ADD takes files of the context alone: a
 * URL is fetched by the engine itself, so that it would reach what only this machine can (its
 * loopback, a cloud's metadata). Instructions that a base image brings (ONBUILD) end a build
 * (engine_image.c), since nobody has looked at them.
 */
#include <stdbool.h>

#include "error.h"

/*
 * Whether the text keeps to that, whatever its variables stand for. ERROR_INPUT says which word
 * does not, and what to write in its place.
 */
bool dockerfile_check(const char *text, struct error *err);

#endif
