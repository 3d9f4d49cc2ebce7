#ifndef KABUTO_BUILDJSON_H
#define KABUTO_BUILDJSON_H
/*
 * The JSON object of a build, without its output.
 */
#include <jansson.h>

#include "build.h"
#include "error.h"

/* Returns the state as GET answers it, without "output"; the caller frees it. NULL: err is set. */
json_t *buildjson_make(const struct build *build, struct error *err);

/* The same, with "build_id", "image" and "name" before it: for a build among others. */
json_t *buildjson_make_named(const struct build *build, struct error *err);

#endif
