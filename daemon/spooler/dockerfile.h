#ifndef KABUTO_DOCKERFILE_H
#define KABUTO_DOCKERFILE_H
/*
 * Checks what a Dockerfile may use of the engine that builds it.
 *
 * The engine finds an image also by the first digits of its id: "FROM 4f" could use any account's
 * image. So a Dockerfile must give images by name, not by id, and not as a file of this machine
 * (Podman understands "FROM dir:/x"). RUN may use only the build's network, and no cache that
 * Podman would share between accounts. ADD may use only files of the context: the engine itself
 * would fetch a URL and could reach this machine's private addresses (its loopback, a cloud's
 * metadata). ONBUILD instructions of a base image end the build (engine_image.c), because nothing
 * has checked them.
 */
#include <stdbool.h>

#include "error.h"

/* Whether an image of this name may belong to another account. */
typedef bool dockerfile_is_refused(void *context, const char *name);

/*
 * Checks whether the text follows these rules. ERROR_INPUT names the word that does not, and says
 * what to write instead. is_refused is called with each name of an image; it may be NULL.
 */
bool dockerfile_check(const char *text, dockerfile_is_refused *is_refused, void *context,
    struct error *err);

/*
 * Checks a Dockerfile for BuildKit, which refuses ids of images itself and keeps caches apart.
 * ERROR_INPUT: an ADD fetches a URL, or a RUN needs a secret or an SSH key, which builds do not
 * get.
 */
bool dockerfile_check_buildkit(const char *text, struct error *err);

#endif
