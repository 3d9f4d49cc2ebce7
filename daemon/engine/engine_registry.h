#ifndef KABUTO_ENGINE_REGISTRY_H
#define KABUTO_ENGINE_REGISTRY_H
/*
 * Transfers images between the engine and a registry. The engine itself connects to the registry.
 * It gets the credentials in a header of each call and does not keep them.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"
#include "secretfile.h"

#define REGISTRY_PASSWORD SECRET_ROOM /* bytes, including the NUL */

struct registry_login {
	const char *address;  /* host or host:port; NULL: no registry */
	const char *username; /* NULL: the registry needs no log-in */
	char password[REGISTRY_PASSWORD];
};

/*
 * Create the header line with the credentials (Docker API, "Authentication"): auth for a push or a
 * pull; config for a build, whose base images may be in that registry. The caller must call
 * engine_registry_free_header, which wipes the line. NULL without memory.
 */
char *engine_registry_auth_header(const struct registry_login *login);
char *engine_registry_config_header(const struct registry_login *login);
void engine_registry_free_header(char *header);

static inline void
engine_registry_cleanup_header(char **header)
{
	engine_registry_free_header(*header);
}
#define cleanup_header __attribute__((cleanup(engine_registry_cleanup_header)))

/* Gives an image an additional name with a tag. ERROR_NOT_FOUND: the image does not exist. */
bool engine_registry_tag(struct engine *engine, const char *image, const char *name,
    struct error *err);

/* *exists tells whether the engine has an image of this name. */
bool engine_registry_has_image(struct engine *engine, const char *image, bool *exists,
    struct error *err);

struct image_transfer {
	const struct registry_login *login;
	const char *image; /* with a tag or digest; without an address it is at docker.io */
	int64_t timeout_ms;
	/*
	 * Called with the messages of a push that report a result (they have a "status"), not with
	 * those that report progress. A message is valid during the call only. NULL: no messages.
	 */
	void (*message)(void *context, json_t *message);
	void *message_context;
};

/*
 * Pushes or pulls the image. ERROR_REGISTRY: the registry cannot be reached; a later try may
 * succeed. ERROR_NOT_FOUND: the registry does not have the image. ERROR_FORBIDDEN: the registry
 * refuses. ERROR_TOO_LARGE: the transfer took longer than timeout_ms. The error's text is the
 * registry's.
 */
bool engine_registry_push(struct engine *engine, const struct image_transfer *transfer,
    struct error *err);
bool engine_registry_pull(struct engine *engine, const struct image_transfer *transfer,
    struct error *err);

#endif
