/*
 * Builds and compares the lines of a manifest, and checks the names of a backup's members.
 */
#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define COMPONENT_MOST 255
#define NAME_MOST      4096
#define LINE_MOST      (NAME_MOST + 128)

void
manifest_clear(struct manifest *manifest)
{
	free(manifest->text);
	*manifest = (struct manifest){ 0 };
}

void
manifest_begin(struct manifest *manifest)
{
	crypto_hash_sha256_init(&manifest->hash);
	manifest->size = 0;
}

void
manifest_update(struct manifest *manifest, const void *data, size_t length)
{
	crypto_hash_sha256_update(&manifest->hash, data, length);
	manifest->size += (int64_t)length;
}

static bool
manifest_make_room(struct manifest *manifest, struct error *err)
{
	size_t room = manifest->room == 0 ? 65536 : manifest->room * 2;
	char *text;

	if (manifest->room - manifest->length >= LINE_MOST)
		return true;
	text = realloc(manifest->text, room);
	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "make the manifest: not enough memory");
	manifest->text = text;
	manifest->room = room;
	return true;
}

bool
manifest_end(struct manifest *manifest, const char *name, struct error *err)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[2 * sizeof hash + 1];

	if (!manifest_make_room(manifest, err))
		return false;
	crypto_hash_sha256_final(&manifest->hash, hash);
	sodium_bin2hex(text, sizeof text, hash, sizeof hash);
	manifest->length += (size_t)snprintf(manifest->text + manifest->length, LINE_MOST,
	    "%s %lld %.*s\n", text, (long long)manifest->size, NAME_MOST, name);
	return true;
}

bool
manifest_check(const struct manifest *manifest, const char *text, size_t length, struct error *err)
{
	size_t line = 0, least = length < manifest->length ? length : manifest->length;
	const char *made = manifest->text, *name;

	for (size_t i = 0; i < least && text[i] == made[i]; i++)
		if (made[i] == '\n')
			line = i + 1;
	if (length == manifest->length && line == length)
		return true;
	if (line >= manifest->length)
		return error_set(err, ERROR_INPUT, "files that its MANIFEST names are missing");
	name = strchr(made + line, ' ') + 1;
	name = strchr(name, ' ') + 1;
	return error_set(err, ERROR_INPUT, "'%.*s' differs from its MANIFEST",
	    (int)strcspn(name, "\n"), name);
}

/* The folders of a backup. */
static const struct {
	const char *name;
	bool deep; /* its files are in subfolders */
} folders[] = {
	{ "inbox/", true },
	{ "builds/", true },
	{ "results/", false },
	{ "logs/", false },
};

static bool
manifest_component_is_plain(const char *at, size_t length)
{
	if (length == 0 || length > COMPONENT_MOST || strncmp(at, ".", length) == 0 ||
	    strncmp(at, "..", length) == 0)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)at[i] < 0x20 || at[i] == 0x7f)
			return false;
	return true;
}

/* True for a path of plain components. If deep, it may have subfolders and end with a slash. */
static bool
manifest_path_is_plain(const char *path, bool deep)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (!manifest_component_is_plain(path, length))
			return false;
		if (path[length] == '\0')
			return true;
		if (!deep)
			return false;
		path += length + 1;
		if (*path == '\0')
			return true;
	}
}

bool
manifest_name_check(const char *name, struct error *err)
{
	bool known = strcmp(name, MANIFEST_DATABASE) == 0 || strcmp(name, MANIFEST_NAME) == 0;
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		size_t prefix = strlen(folders[i].name);

		if (strncmp(name, folders[i].name, prefix) == 0)
			known = manifest_path_is_plain(name + prefix, folders[i].deep);
	}
	if (known && length <= NAME_MOST && utf8_valid(name, length))
		return true;
	return error_set(err, ERROR_INPUT, "it has a member with an unknown name: '%.200s'", name);
}
