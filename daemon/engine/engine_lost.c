/*
 * The words of Docker 20.10 to 28, with both image stores, and of Podman for an image that is gone.
 */
#include "engine_lost.h"

#include <stddef.h>
#include <string.h>

#define DIGEST     "sha256:"
#define HEX_DIGITS 64

/*
 * A message tells of a lost image if one of the texts stands directly before the last digest in it,
 * and the rest stands after it, up to the end. So a step's own command or file name, which the
 * message of a failed step repeats, does not count.
 */
static const struct {
	const char *before, *after;
} rows[] = {
	{ "No such image: ", "" },
	{ "unable to find image \"", "\"" },
	{ "unknown parent image ID ", "" },
	{ "unrecognized image ID ", "" },
	{ "imagedb/content/sha256/", ": no such file or directory" },
	/* containerd's image store */
	{ "content digest ", ": not found" },
	{ "parent snapshot ", " does not exist: not found" },
	{ "failed to get destination image \"", "\": unexpected media type  for : not found" },
	/* Podman */
	{ "locating image with ID \"", "\": image not known" },
};
static const char layer_lost[] = ": layer not known"; /* Podman; it does not name the layer */

/* Returns the last 64 hexadecimal digits in the text; NULL: none. */
static const char *
engine_lost_last_digest(const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const char *found = NULL;

	while (*(text += strcspn(text, hex)) != '\0') {
		size_t length = strspn(text, hex);

		if (length == HEX_DIGITS)
			found = text;
		text += length;
	}
	return found;
}

static bool
engine_lost_ends_with(const char *text, size_t length, const char *end)
{
	size_t rest = strlen(end);

	return length >= rest && memcmp(text + length - rest, end, rest) == 0;
}

bool
engine_lost_image(const char *error)
{
	const char *digest = engine_lost_last_digest(error);
	size_t length = strlen(error);

	if (engine_lost_ends_with(error, length, layer_lost))
		return true;
	if (digest == NULL)
		return false;
	length = (size_t)(digest - error);
	if (engine_lost_ends_with(error, length, DIGEST))
		length -= strlen(DIGEST);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (engine_lost_ends_with(error, length, rows[i].before) &&
		    strcmp(digest + HEX_DIGITS, rows[i].after) == 0)
			return true;
	return false;
}
