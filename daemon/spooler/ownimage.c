/*
 * Finds own images and masks their tags.
 */
#include "ownimage.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "engine_registry.h"
#include "engine_tags.h"
#include "imagepull.h"
#include "take.h"

#define PREFIX "kabuto/"
#define MASK   "***"

static bool
ownimage_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "find the base image: not enough memory");
}

void
ownimage_clear(struct ownimages *own)
{
	while (own->count > 0)
		free(own->items[--own->count].shown);
	while (own->digest_count > 0)
		free(own->digests[--own->digest_count]);
}

/* Adds an image. shown is copied. Returns its tag; NULL without memory. */
static const char *
ownimage_add(struct ownimages *own, const char *shown, int64_t image, int64_t build,
    const char *secret)
{
	struct ownimage *one = &own->items[own->count];

	one->shown = strdup(shown);
	if (one->shown == NULL)
		return NULL;
	own->count++;
	snprintf(one->secret, sizeof one->secret, "%s", secret);
	imagename_make(&one->name, own->worker->config, own->worker->spooler->instance, image,
	    build, secret);
	return one->name.local;
}

bool
ownimage_begin(struct ownimages *own, struct worker *worker, const struct build *build,
    struct error *err)
{
	char shown[32];

	own->worker = worker;
	own->build = build;
	own->count = own->digest_count = 0;
	snprintf(shown, sizeof shown, PREFIX "%lld", (long long)build->image);
	return ownimage_add(own, shown, build->image, build->id, build->tag_secret) != NULL ||
	    ownimage_no_memory(err);
}

/* Returns the name after the parts that do not tell one image of Docker Hub from another. */
static const char *
ownimage_skip_hub(const char *name)
{
	static const char *const hubs[] = { "docker.io/", "index.docker.io/",
		"registry-1.docker.io/", "registry.hub.docker.com/", "hub.docker.com/",
		"localhost/", "library/" };
	const char *scheme = strstr(name, "://");

	if (scheme != NULL)
		name = scheme + 3;
	for (size_t i = 0; i < sizeof hubs / sizeof hubs[0];) {
		size_t length = strlen(hubs[i]);

		i++;
		if (strncasecmp(name, hubs[i - 1], length) == 0) {
			name += length;
			i = 0;
		}
		while (*name == '/')
			name++;
	}
	return name;
}

bool
ownimage_is_reserved(const char *name, const char *instance)
{
	size_t length = strlen(instance);

	if (strncasecmp(ownimage_skip_hub(name), PREFIX, strlen(PREFIX)) == 0)
		return true;
	/* Podman finds an image also by the end of its name. */
	while (name != NULL) {
		name += *name == '/';
		if (length > 0 && strncasecmp(name, instance, length) == 0 && name[length] == '-')
			return true;
		name = strchr(name, '/');
	}
	return false;
}

bool
ownimage_is_allowed(const struct ownimages *own, const char *name)
{
	for (size_t i = 1; i < own->count; i++)
		if (strcmp(own->items[i].name.local, name) == 0)
			return true;
	for (size_t i = 0; i < own->digest_count; i++)
		if (strcmp(own->digests[i], name) == 0)
			return true;
	return strchr(name, '@') == NULL &&
	    !ownimage_is_reserved(name, own->worker->spooler->instance);
}

static bool
ownimage_refuse(const char *name, struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "the Dockerfile uses the image '%.200s': of Kabuto's images you can only use your own; write kabuto/<image id> or kabuto/<image name>, without a tag or digest",
	    name);
}

/* Makes sure that the engine has the image: it pulls it if there is a registry. */
static bool
ownimage_fetch(struct ownimages *own, const struct ownimage *one, struct error *err)
{
	bool exists = false;

	if (!engine_registry_has_image(&own->worker->engine, one->name.local, &exists, err))
		return false;
	if (exists || imagepull_run(own->worker, &one->name, err))
		return true;
	if (err->kind == ERROR_NOT_FOUND) {
		err->kind = ERROR_INPUT;
		return error_wrap(err, "the engine no longer has %s: build it again", one->shown);
	}
	return error_wrap(err, "get %s", one->shown);
}

/* Checks that an image that is named by its digest is none of Kabuto's. */
static bool
ownimage_check_digest(struct ownimages *own, const char *name, struct error *err)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/:@-";
	bool is_ours = false;

	if (own->digest_count == OWNIMAGE_MOST)
		return error_set(err, ERROR_INPUT,
		    "the Dockerfile names images by digest more than %d times", OWNIMAGE_MOST);
	if (name[strspn(name, letters)] != '\0' || strstr(name, "..") != NULL)
		return ownimage_refuse(name, err);
	if (!engine_tags_is_ours(&own->worker->engine, name, own->worker->spooler->instance,
		&is_ours, err))
		return false;
	if (is_ours)
		return ownimage_refuse(name, err);
	own->digests[own->digest_count] = strdup(name);
	return own->digests[own->digest_count++] != NULL || ownimage_no_memory(err);
}

bool
ownimage_visit(void *context, const char *name, char **other, struct error *err)
{
	struct ownimages *own = context;
	cleanup_free char *last = NULL;
	struct build_base base = { 0 };
	const char *tag;
	size_t length;

	if (!ownimage_is_reserved(name, own->worker->spooler->instance))
		return strchr(name, '@') == NULL || ownimage_check_digest(own, name, err);
	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return ownimage_refuse(name, err);
	length = strlen(name);
	if (length > 7 && strcmp(name + length - 7, ":latest") == 0)
		length -= 7;
	last = strndup(name + strlen(PREFIX), length - strlen(PREFIX));
	if (last == NULL)
		return ownimage_no_memory(err);
	if (!build_take_base(&own->worker->db, own->build, last, &base, err))
		return err->kind == ERROR_NOT_FOUND ? ownimage_refuse(name, err) : false;
	if (own->count == OWNIMAGE_MOST)
		return error_set(err, ERROR_INPUT,
		    "the Dockerfile names own images more than %d times", OWNIMAGE_MOST - 1);
	tag = ownimage_add(own, name, base.image, base.build, base.tag_secret);
	if (tag == NULL)
		return ownimage_no_memory(err);
	if (!ownimage_fetch(own, &own->items[own->count - 1], err))
		return false;
	*other = strdup(tag);
	return *other != NULL || ownimage_no_memory(err);
}

/* Replaces each `what` of text. Frees text. Returns NULL without memory. */
static char *
ownimage_replace(char *text, const char *what, const char *with)
{
	cleanup_free char *old = text;
	char *found, *at = text, *replaced = NULL;
	size_t length;
	FILE *to;

	if (text == NULL || strstr(text, what) == NULL)
		return take_pointer(&old);
	to = open_memstream(&replaced, &length);
	if (to == NULL)
		return NULL;
	while ((found = strstr(at, what)) != NULL) {
		fwrite(at, 1, (size_t)(found - at), to);
		fputs(with, to);
		at = found + strlen(what);
	}
	fputs(at, to);
	if (fclose(to) == 0)
		return replaced;
	free(replaced);
	return NULL;
}

/* Replaces what is left of tags: all that follows "<instance>-" and a digit. */
static char *
ownimage_mask_others(char *text, const char *instance)
{
	size_t length = strlen(instance);

	for (char *at = text; at != NULL && length > 0 && (at = strstr(at, instance)) != NULL;) {
		at += length;
		if (at[0] != '-' || !isdigit((unsigned char)at[1]))
			continue;
		for (at++;
		     isalnum((unsigned char)*at) || (*at != '\0' && strchr(":-", *at) != NULL);
		     at++)
			*at = '*';
	}
	return text;
}

char *
ownimage_mask(const struct ownimages *own, const char *text)
{
	char *masked = strdup(text);

	for (size_t i = 0; i < own->count; i++) {
		const struct ownimage *one = &own->items[i];

		masked = ownimage_replace(masked, one->name.local, one->shown);
		masked = ownimage_replace(masked, one->name.remote, one->shown);
		if (one->secret[0] != '\0')
			masked = ownimage_replace(masked, one->secret, MASK);
	}
	return own->worker == NULL ? masked
				   : ownimage_mask_others(masked, own->worker->spooler->instance);
}
