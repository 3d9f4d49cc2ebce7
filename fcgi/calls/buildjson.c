/*
 * Makes the JSON object of a build.
 */
#include "buildjson.h"

#include <string.h>

#include "response.h"

json_t *
buildjson_make_named(const struct build *build, struct error *err)
{
	json_t *json = json_pack("{s:I, s:s, s:{s:I}, s:s?, s:o, s:o, s:o, s:s}", "build_id",
	    (json_int_t)build->id, "account", build->login, "image", "id", (json_int_t)build->image,
	    "name", build->name, "creation_date", response_time(build->created_at), "started_at",
	    response_time(build->started_at), "finished_at", response_time(build->finished_at),
	    "state", build->state);
	bool whole = json != NULL;

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
