/*
 * The rules for names of files that come from others.
 */
#include "pathname.h"

#include <ctype.h>
#include <string.h>

#include "utf8.h"

#define PARTS_MOST 64 /* components; each needs a descriptor while tree_sync runs */

/* Whether the component is "." or "..". */
static bool
pathname_is_dots(const char *component, size_t length)
{
	return length <= 2 && memcmp(component, "..", length) == 0;
}

static bool
pathname_component_valid(const char *component, size_t length)
{
	return length > 0 && length <= PATHNAME_COMPONENT_MOST &&
	    !pathname_is_dots(component, length);
}

bool
pathname_check(const char *name, struct error *err)
{
	size_t length = strlen(name);
	int parts = 1;

	if (length == 0)
		return error_set(err, ERROR_INPUT, "a file has no name");
	if (!utf8_valid(name, length))
		return error_set(err, ERROR_INPUT,
		    "a file's name is not valid UTF-8; rename the file");
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return error_set(err, ERROR_INPUT,
			    "a file's name contains a control character; rename the file");
	if ((isalpha((unsigned char)name[0]) && name[1] == ':' &&
		(name[2] == '\\' || name[2] == '/')) ||
	    strncmp(name, "\\\\", 2) == 0)
		return error_set(err, ERROR_INPUT,
		    "'%.128s' is a path of Windows; send only the file's name, or a relative "
		    "path with '/'",
		    name);
	if (length > PATHNAME_MOST)
		return error_set(err, ERROR_INPUT,
		    "a file's name must have at most %d bytes: '%.64s…'", PATHNAME_MOST, name);
	for (const char *c = name; *c != '\0'; c++)
		parts += *c == '/';
	if (parts > PARTS_MOST)
		return error_set(err, ERROR_INPUT, "a file's name may contain at most %d folders",
		    PARTS_MOST - 1);
	for (const char *component = name;; component++) {
		size_t size = strcspn(component, "/");

		if (!pathname_component_valid(component, size))
			return error_set(err, ERROR_INPUT,
			    "'%s' is not a valid file name: give a relative path without '..', "
			    "'.' or empty parts, each part at most %d bytes long",
			    name, PATHNAME_COMPONENT_MOST);
		component += size;
		if (*component == '\0')
			return true;
	}
}

bool
pathname_is_below(const char *name)
{
	for (;; name++) {
		size_t length = strcspn(name, "/");

		if (length == 0 || pathname_is_dots(name, length))
			return false;
		name += length;
		if (*name == '\0')
			return true;
	}
}

bool
pathname_stays_within(const char *target, int depth)
{
	bool named = false; /* a component with a name came */

	if (*target == '/')
		return false;
	while (*target != '\0') {
		size_t length = strcspn(target, "/");
		bool up = length == 2 && memcmp(target, "..", 2) == 0;

		if (up && (named || --depth < 0))
			return false;
		named = named || !(up || length == 0 || (length == 1 && *target == '.'));
		target += length + (target[length] == '/');
	}
	return named;
}
