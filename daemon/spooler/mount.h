#ifndef KABUTO_MOUNT_H
#define KABUTO_MOUNT_H
/*
 * Mounts of paths in the state directory.
 */
#include <stdbool.h>

#include "config.h"
#include "engine_container.h"

/* kabuto-init's path in the container. */
#define MOUNT_INIT "/run/kabuto/init"

/* Adds a mount of a path in the state directory, given by format, as the engine sees that path. */
void mount_add(struct container_spec *spec, const struct config *config, const char *target,
    bool read_only, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
