#ifndef KABUTO_DOCKERFILE_SYNTAX_H
#define KABUTO_DOCKERFILE_SYNTAX_H
/*
 * "# syntax=<image>" at the top of a Dockerfile: BuildKit runs that image, and the image reads the
 * Dockerfile in place of the engine.
 *
 * An image that a user chooses must not do that. docker/dockerfile is Docker's own; without the
 * line the engine uses the version that is part of it, which needs no download.
 */
#include <stdbool.h>

#include "error.h"

/*
 * Returns a copy of the text without the line. Lines that follow keep their numbers, unless they
 * are comments at the top. The caller frees the copy. NULL with err set; ERROR_INPUT: the line
 * names another image than docker/dockerfile, or is written in a way that not all engines
 * understand.
 */
char *dockerfile_syntax_drop(const char *text, struct error *err);

#endif
