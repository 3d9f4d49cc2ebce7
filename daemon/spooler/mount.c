/*
 * Makes a container's mount from a path in the state directory.
 */
#include "mount.h"

#include <stdarg.h>
#include <stdio.h>

void
mount_add(struct container_spec *spec, const struct config *config, const char *target,
    bool read_only, const char *format, ...)
{
	struct container_mount *mount = &spec->mounts[spec->mount_count++];
	const char *root =
	    config->engine.state_dir[0] != '\0' ? config->engine.state_dir : config->state_dir;
	int length = snprintf(mount->source, sizeof mount->source, "%s/", root);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(mount->source + length, sizeof mount->source - (size_t)length, format, arguments);
	va_end(arguments);
	mount->target = target;
	mount->read_only = read_only;
}
