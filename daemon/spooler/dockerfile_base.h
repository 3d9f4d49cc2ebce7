#ifndef KABUTO_DOCKERFILE_BASE_H
#define KABUTO_DOCKERFILE_BASE_H
/*
 * The images that a Dockerfile is built from.
 */
#include <jansson.h>

#include "dockerfile_instruction.h"
#include "error.h"

/*
 * Returns the names of the images that the last stage needs, itself or by other stages, each once:
 * those of FROM, COPY --from and RUN --mount=from=. Variables in names are not replaced. A word
 * that cannot be a name is left out. Returns an array of strings, which the caller frees; NULL with
 * err set.
 */
json_t *dockerfile_base_list(const struct dockerfile_instructions *all, struct error *err);

#endif
