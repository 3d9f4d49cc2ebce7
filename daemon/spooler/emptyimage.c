/*
 * Makes containers in which only kabuto-init runs.
 */
#include "emptyimage.h"

#include <stdio.h>

#include "cleanup.h"
#include "engine_emptyimage.h"
#include "sandbox_label.h"

#define MEMORY (16 * 1024 * 1024) /* most of it is for the engine's own start */
#define PIDS   8

bool
emptyimage_create(struct worker *worker, const char *name, const char *slot,
    struct container_spec *spec, char id[static CONTAINER_ID], struct error *err)
{
	cleanup_json json_t *command = json_array();
	cleanup_json json_t *labels = json_pack("{s:s, s:s}", "kabuto.instance",
	    worker->spooler->instance, SANDBOX_LABEL, slot);
	char image[64];

	if (command == NULL || labels == NULL || spec->entrypoint == NULL)
		return error_set(err, ERROR_SYSTEM, "create a container: not enough memory");
	snprintf(image, sizeof image, "kabuto/%s-sandbox", worker->spooler->instance);
	spec->image = image;
	spec->command = command;
	spec->labels = labels;
	spec->hostname = SANDBOX_HOSTNAME;
	spec->runtime = worker->config->engine.runtime;
	spec->cgroup_parent = worker->config->engine.cgroup_parent;
	spec->memory = MEMORY;
	spec->pids = PIDS;
	if (engine_container_create(&worker->engine, name, spec, id, err))
		return true;
	return err->kind == ERROR_NOT_FOUND &&
	    engine_emptyimage_create(&worker->engine, image, err) &&
	    engine_container_create(&worker->engine, name, spec, id, err);
}
