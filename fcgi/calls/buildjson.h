#ifndef KABUTO_BUILDJSON_H
#define KABUTO_BUILDJSON_H
/*
 * The JSON object of a build, without its output.
 */
#include <jansson.h>

#include "build.h"
#include "error.h"

/* Returns the build as GET answers it, without "output"; the caller frees it. NULL: err is set. */
json_t *buildjson_make_named(const struct build *build, struct error *err);

#endif
