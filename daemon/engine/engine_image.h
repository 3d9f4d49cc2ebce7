#ifndef KABUTO_ENGINE_IMAGE_H
#define KABUTO_ENGINE_IMAGE_H
/*
 * Builds images with one of the engine's builders.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "engine_builder.h"
#include "engine_context.h"
#include "engine_registry.h"
#include "error.h"

struct engine_image_build {
	enum builder builder;
	const char *tag;
	const char *instance; /* the value of the label kabuto.instance */
	const char *context;  /* the folder to send, without .git and .hg at its top */
	const char *network;
	struct engine_content content; /* how the context differs from the folder */
	json_t *arguments;             /* build arguments, name: value; NULL: none */
	bool nocache;
	int64_t memory; /* bytes, for each step; BuildKit does not limit it */
	/*
	 * BuildKit's cache mounts (RUN --mount=type=cache) are shared by the builds with the same
	 * text here. Since BuildKit 0.10 (Docker 23), so are the cached results of RUN.
	 */
	const char *cache_namespace;
	int64_t timeout_ms;
	const struct registry_login *registry; /* for base images; address NULL: no registry */
	/*
	 * Called with each message of the engine. BuildKit's progress is turned into messages with
	 * a "stream", as the other builders send them (engine_buildkit.h). The message is valid
	 * during the call only. False ends the build.
	 */
	bool (*message)(void *context, json_t *message);
	void *message_context;
};

/*
 * Builds the context. True: the engine finished. Then *failure is NULL for success, or says what is
 * wrong with the Dockerfile; the caller frees it. False: the engine is away, the call was
 * interrupted, or the context cannot be read. ERROR_ENGINE: the engine failed, or an image that the
 * build used was removed meanwhile.
 */
bool engine_image_build(struct engine *engine, const struct engine_image_build *build,
    char **failure, struct error *err);

/*
 * Reads the image's ENTRYPOINT and CMD as JSON arrays; NULL: not set. The caller frees them.
 * ERROR_NOT_FOUND: the image does not exist.
 */
bool engine_image_inspect(struct engine *engine, const char *tag, char **entrypoint, char **cmd,
    struct error *err);

/*
 * Reads the ONBUILD instructions of the image with that name and tag, one a line. *triggers NULL:
 * it has none; the caller frees them. *exists: the engine has the image.
 */
bool engine_image_read_triggers(struct engine *engine, const char *name, bool *exists,
    char **triggers, struct error *err);

#endif
