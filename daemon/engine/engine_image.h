#ifndef KABUTO_ENGINE_IMAGE_H
#define KABUTO_ENGINE_IMAGE_H
/*
 * Building of images by the engine's classic builder.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "engine_registry.h"
#include "error.h"

struct engine_image_build {
	const char *tag;
	const char *instance; /* value of the label kabuto.instance */
	const char
	    *context; /* path of the folder that is sent; .git and .hg at its top are left out */
	const char *network;
	bool nocache;
	int64_t memory; /* bytes, of each step */
	int64_t timeout_ms;
	const struct registry_login *registry; /* for base images; its address is NULL for none */
	/*
	 * Called with each message of the engine, which lasts for the call; false ends the build.
	 */
	bool (*message)(void *context, json_t *message);
	void *message_context;
};

/*
 * Builds the context. True where the engine went through to the end: *failure then is NULL for
 * success, or says what the Dockerfile does wrong, the caller's to free. False: the engine is away,
 * the call was interrupted, or the context cannot be read.
 */
bool engine_image_build(struct engine *engine, const struct engine_image_build *build,
    char **failure, struct error *err);

/*
 * What the image runs: JSON arrays, or NULL for none; the caller's to free. ERROR_NOT_FOUND: there
 * is no such image.
 */
bool engine_image_inspect(struct engine *engine, const char *tag, char **entrypoint, char **cmd,
    struct error *err);

/*
 * Makes the image repository:latest with nothing in it but the folder run, for containers that
 * bring all they need by mounts.
 */
bool engine_image_make_empty(struct engine *engine, const char *repository, struct error *err);

#endif
