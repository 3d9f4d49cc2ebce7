/*
 * Pulls base images with the credentials of their registry, if it is the configured one.
 */
#include "baseimage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "dockerfile.h"
#include "engine_image.h"
#include "engine_registry.h"
#include "registry.h"

#define HUB "docker.io"

/* Bytes of a name with its tag, and of a registry's address. */
#define NAME_ROOM   640
#define DOMAIN_ROOM 256

/*
 * Writes the registry of an image's name, by the grammar of references
 * (github.com/distribution/reference): the part before the first "/" if it has a "." or ":".
 */
static void
baseimage_registry_of(const char *image, char domain[static DOMAIN_ROOM])
{
	size_t length = strcspn(image, "/");
	bool named = image[length] == '/' && length < DOMAIN_ROOM &&
	    (strcspn(image, ".:") < length || strncmp(image, "localhost/", 10) == 0);

	snprintf(domain, DOMAIN_ROOM, "%.*s", named ? (int)length : (int)strlen(HUB),
	    named ? image : HUB);
}

/* Pulls the image. *waits: a failure concerns a registry that may be back later. */
static bool
baseimage_pull(struct worker *worker, const char *name, bool *waits, struct error *err)
{
	const struct config *config = worker->config;
	cleanup_login struct registry_login login = { 0 };
	const struct image_transfer transfer = {
		.login = &login, .image = name, .timeout_ms = config->registry.timeout * MS_PER_S
	};
	char domain[DOMAIN_ROOM];

	baseimage_registry_of(name, domain);
	*waits = strcmp(domain, config->registry.address) == 0;
	if (*waits && !registry_log_in(config, &login, err))
		return false;
	login.address = domain;
	return engine_registry_pull(&worker->engine, &transfer, err);
}

/* Sets *refusal. False: no memory. */
static bool
baseimage_refuse(char **refusal, const char *image, const struct error *reason, struct error *err)
{
	if (asprintf(refusal, "base image '%s': %s", image, reason->text) >= 0)
		return true;
	*refusal = NULL;
	return error_set(err, ERROR_SYSTEM, "pull a base image: not enough memory");
}

/* Whether the build must fail after this failure of a pull. Otherwise it is tried again. */
static bool
baseimage_is_final(const struct error *reason, bool waits)
{
	switch (reason->kind) {
	case ERROR_REGISTRY:
		return !waits;
	case ERROR_INPUT:
	case ERROR_FORBIDDEN:
	case ERROR_NOT_FOUND:
	case ERROR_TOO_LARGE:
		return true;
	default:
		return false;
	}
}

static bool
baseimage_prepare_one(struct worker *worker, const char *image, baseimage_pulling *pulling,
    void *context, char **refusal, struct error *err)
{
	const char *last = strrchr(image, '/');
	bool tagged = strpbrk(last != NULL ? last : image, ":@") != NULL, exists, waits = false;
	cleanup_free char *triggers = NULL;
	struct error reason;
	char name[NAME_ROOM];

	snprintf(name, sizeof name, "%s%s", image, tagged ? "" : ":latest");
	if (!engine_image_read_triggers(&worker->engine, name, &exists, &triggers, err))
		return false;
	if (!exists) {
		pulling(context, name);
		if (!baseimage_pull(worker, name, &waits, &reason)) {
			if (baseimage_is_final(&reason, waits))
				return baseimage_refuse(refusal, image, &reason, err);
			*err = reason;
			return false;
		}
		if (!engine_image_read_triggers(&worker->engine, name, &exists, &triggers, err))
			return false;
	}
	if (triggers == NULL || dockerfile_check_buildkit(triggers, &reason))
		return true;
	error_wrap(&reason, "its ONBUILD instructions");
	return baseimage_refuse(refusal, image, &reason, err);
}

bool
baseimage_prepare(struct worker *worker, json_t *images, baseimage_pulling *pulling, void *context,
    char **refusal, struct error *err)
{
	json_t *image;
	size_t i;

	*refusal = NULL;
	json_array_foreach (images, i, image)
		if (!baseimage_prepare_one(worker, json_string_value(image), pulling, context,
			refusal, err) ||
		    *refusal != NULL)
			return *refusal != NULL;
	return true;
}
