#ifndef KABUTO_MOUNT_H
#define KABUTO_MOUNT_H
/*
 * What the engine mounts of the state directory.
 */
#include <stdbool.h>

#include "config.h"
#include "engine_container.h"

/* Where kabuto-init is mounted. */
#define MOUNT_INIT "/run/kabuto/init"

/* Adds the mount of a path below the state directory, as the engine sees it. */
void mount_add(struct container_spec *spec, const struct config *config, const char *target,
    bool read_only, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
