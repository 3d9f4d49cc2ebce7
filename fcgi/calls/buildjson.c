/*
 * Makes the JSON object of a build.
 */
#include "buildjson.h"

#include <string.h>

/* Adds the state's members to json, and returns it. NULL: no memory; json is freed. */
static json_t *
buildjson_add_state(json_t *json, const struct build *build, struct error *err)
{
	bool whole =
	    json != NULL && json_object_set_new(json, "state", json_string(build->state)) == 0;

	if (strcmp(build->state, "SUCCESS") == 0)
		whole = whole && json_object_set_new(json, "id", json_integer(build->image)) == 0;
	if (build->error != NULL)
		whole = whole && json_object_set_new(json, "error", json_string(build->error)) == 0;
	if (whole)
		return json;
	json_decref(json);
	error_set(err, ERROR_SYSTEM, "show a build: not enough memory");
	return NULL;
}

json_t *
buildjson_make(const struct build *build, struct error *err)
{
	return buildjson_add_state(json_object(), build, err);
}

json_t *
buildjson_make_named(const struct build *build, struct error *err)
{
	return buildjson_add_state(json_pack("{s:I, s:{s:I}, s:s?}", "build_id",
				       (json_int_t)build->id, "image", "id",
				       (json_int_t)build->image, "name", build->name),
	    build, err);
}
