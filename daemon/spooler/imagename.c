/*
 * Makes and parses the names of images.
 */
#include "imagename.h"

#include <stdio.h>
#include <string.h>

#include "number.h"

void
imagename_make(struct imagename *name, const struct config *config, const char *instance,
    int64_t image, int64_t build, const char *secret)
{
	char last[112];

	snprintf(last, sizeof last, "%s-%lld:%lld%s%s", instance, (long long)image,
	    (long long)build, secret[0] != '\0' ? "-" : "", secret);
	snprintf(name->local, sizeof name->local, "kabuto/%s", last);
	snprintf(name->remote, sizeof name->remote, "%s/%s/%s", config->registry.address,
	    config->registry.namespace, last);
}

bool
imagename_parse(const char *tag, const char *instance, int64_t *image, int64_t *build)
{
	const char *slash = strrchr(tag, '/'), *name = slash == NULL ? tag : slash + 1;
	size_t length = strlen(instance), digits;
	char number[24];

	if (slash == NULL || strncmp(name, instance, length) != 0 || name[length] != '-')
		return false;
	name += length + 1;
	digits = strcspn(name, ":");
	if (name[digits] != ':' || digits >= sizeof number)
		return false;
	memcpy(number, name, digits);
	number[digits] = '\0';
	if (!number_parse_integer(number, image))
		return false;
	name += digits + 1;
	digits = strcspn(name, "-");
	if (digits >= sizeof number)
		return false;
	memcpy(number, name, digits);
	number[digits] = '\0';
	return number_parse_integer(number, build);
}
