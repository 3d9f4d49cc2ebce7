#ifndef KABUTO_ENGINE_REGISTRY_H
#define KABUTO_ENGINE_REGISTRY_H
/*
 * Images between the engine and a registry. It is the engine that talks to the registry: it gets
 * the credentials in a header of each call, and does not keep them.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"
#include "secretfile.h"

#define REGISTRY_PASSWORD SECRET_ROOM /* bytes, NUL included */

struct registry_login {
	const char *address;  /* host or host:port; NULL: there is no registry */
	const char *username; /* NULL: it asks for none */
	char password[REGISTRY_PASSWORD];
};

/*
 * Header lines (Docker API, "Authentication"): for a push or a pull, and for a build, whose base
 * images may be in that registry. To be given back with engine_registry_free_header, which wipes
 * them. NULL without memory.
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

/* Gives an image one more name, with a tag; ERROR_NOT_FOUND: there is no such image. */
bool engine_registry_tag(struct engine *engine, const char *image, const char *name,
    struct error *err);

/* Whether the engine has an image of this name. */
bool engine_registry_has_image(struct engine *engine, const char *image, bool *exists,
    struct error *err);

struct image_transfer {
	const struct registry_login *login;
	const char *image; /* with the registry's address before it, and a tag behind it */
	int64_t timeout_ms;
	/*
	 * Called with the messages of a push that tell what is done (a "status" each), and not with
	 * those that tell how far it is; they last for the call. NULL: nobody wants to know.
	 */
	void (*message)(void *context, json_t *message);
	void *message_context;
};

/*
 * Pushes or pulls. ERROR_REGISTRY: the registry cannot be reached, which may pass; ERROR_NOT_FOUND,
 * ERROR_FORBIDDEN: it has no such image, or refuses; ERROR_TOO_LARGE: it took longer than
 * timeout_ms. Words are the registry's.
 */
bool engine_registry_push(struct engine *engine, const struct image_transfer *transfer,
    struct error *err);
bool engine_registry_pull(struct engine *engine, const struct image_transfer *transfer,
    struct error *err);

#endif
