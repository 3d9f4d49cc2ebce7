/*
 * Podman lists them only in its own API (libpod, ContainerListLibpod): they are not Podman's but
 * Buildah's containers, with the state "storage".
 */
#include "engine_podmanbuild.h"

#include <string.h>

json_t *
engine_podmanbuild_list(struct engine *engine, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	json_t *ids, *container;
	size_t i;

	if (!engine_call(engine, "GET", "/libpod/containers/json?all=true&external=true", NULL,
		ENGINE_CALL_MS, &answer, err))
		return NULL;
	if (answer.status != 200) {
		engine_refused(&answer, err, "list the containers of builds");
		return NULL;
	}
	ids = json_object();
	json_array_foreach (answer.json, i, container) {
		const char *id = json_string_value(json_object_get(container, "Id"));
		const char *state = json_string_value(json_object_get(container, "State"));

		if (id != NULL && state != NULL && strcmp(state, "storage") == 0)
			(void)json_object_set_new(ids, id, json_true());
	}
	if (ids == NULL)
		error_set(err, ERROR_SYSTEM, "list the containers of builds: not enough memory");
	return ids;
}
