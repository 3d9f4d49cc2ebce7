#ifndef KABUTO_DOCKERFILE_TRANSLATE_H
#define KABUTO_DOCKERFILE_TRANSLATE_H
/*
 * Translates a Dockerfile for the engine: puts the values of variables into the names of images,
 * and other names in the place of some images and stages.
 *
 * Only FROM, COPY --from and RUN --mount=from= change. Each line keeps its number. After that the
 * names of images are plain words, so that dockerfile_check sees what the engine will see.
 */
#include <jansson.h>
#include <stdbool.h>

#include "dockerfile_instruction.h"
#include "error.h"

/*
 * Called with the name of each image that is no stage of the Dockerfile. *other may get another
 * name in its place (the callee allocates it, the caller frees it); NULL: the name stays. False
 * with err set ends the translation.
 */
typedef bool dockerfile_image_visit(void *context, const char *name, char **other,
    struct error *err);

struct dockerfile_translation {
	const char *text;
	const struct dockerfile_instructions *instructions; /* of the text */
	json_t *arguments;                                  /* name: value; may be NULL */
	dockerfile_image_visit *visit;                      /* may be NULL */
	void *context;
	/* Writes stage-be in the place of a stage's name like be, which dockerfile_check takes for
	 * an id. */
	bool rename_stages;
};

/*
 * Returns the text for the engine; the caller frees it. NULL with err set. ERROR_INPUT: an image's
 * name has a variable without a value, or is none.
 */
char *dockerfile_translate(const struct dockerfile_translation *translation, struct error *err);

/*
 * Returns the build arguments for the engine: those of the translation, and for a builder that does
 * not set them (Docker's classic one) the names of the platform that an ARG declares. The caller
 * frees the object. NULL: no memory.
 */
json_t *dockerfile_translate_arguments(const struct dockerfile_translation *translation,
    bool platform);

#endif
