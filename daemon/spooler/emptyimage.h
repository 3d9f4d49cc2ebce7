#ifndef KABUTO_EMPTYIMAGE_H
#define KABUTO_EMPTYIMAGE_H
/*
 * Containers of Kabuto's own, made from an image without files.
 */
#include "engine_container.h"
#include "error.h"
#include "worker.h"

/*
 * Creates a container, with limits for kabuto-init alone; id gets its id. It is labelled as the
 * sandbox `slot`. spec needs entrypoint, network and mounts; its image, command, labels, hostname,
 * runtime and limits are set here. Makes the image if the engine does not have it. For errors see
 * engine_container_create.
 */
bool emptyimage_create(struct worker *worker, const char *name, const char *slot,
    struct container_spec *spec, char id[static CONTAINER_ID], struct error *err);

#endif
