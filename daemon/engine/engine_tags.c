/*
 * Lists, removes and prunes images: only those with our label.
 */
#include "engine_tags.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "engine_time.h"

#define PRUNE_MS (10 * 60 * 1000)

/*
 * Returns path with a filter for our label. more holds additional filters (members of a JSON
 * object, or ""). The caller frees it.
 */
static char *
engine_tags_filtered_path(const char *path, const char *instance, const char *more,
    struct error *err)
{
	cleanup_free char *filters = NULL, *escaped = NULL;
	char *filtered = NULL;

	if (asprintf(&filters, "{\"label\":[\"kabuto.instance=%s\"]%s}", instance, more) < 0 ||
	    (escaped = engine_escape(filters)) == NULL ||
	    asprintf(&filtered, "%s?filters=%s", path, escaped) < 0) {
		error_set(err, ERROR_SYSTEM, "ask for images: not enough memory");
		return NULL;
	}
	return filtered;
}

bool
engine_tags_each(struct engine *engine, const char *instance, image_tag_visit *visit, void *context,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *path = engine_tags_filtered_path("/images/json", instance, "", err);
	json_t *image, *tag;
	size_t i, k;

	if (path == NULL || !engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	if (answer.status != 200)
		return engine_refused(&answer, err, "list the images");
	json_array_foreach (answer.json, i, image) {
		int64_t bytes = json_integer_value(json_object_get(image, "Size"));
		json_t *tags = json_object_get(image, "RepoTags");
		const char *only = json_string_value(json_array_get(tags, 0));

		if (only == NULL || strcmp(only, "<none>:<none>") == 0) {
			if (!visit(NULL, bytes, context, err))
				return false;
			continue;
		}
		json_array_foreach (tags, k, tag)
			if (json_is_string(tag) &&
			    !visit(json_string_value(tag), bytes, context, err))
				return false;
	}
	return true;
}

bool
engine_tags_is_ours(struct engine *engine, const char *name, const char *instance, bool *is_ours,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *path = NULL;
	const char *label;

	if (asprintf(&path, "/images/%s/json", name) < 0)
		return error_set(err, ERROR_SYSTEM, "inspect an image: not enough memory");
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	*is_ours = false;
	if (answer.status != 200) /* it does not exist, or is no name */
		return answer.status < 500 || engine_refused(&answer, err, "inspect an image");
	label = json_string_value(json_object_get(json_object_get(json_object_get(answer.json,
								      "Config"),
						      "Labels"),
	    "kabuto.instance"));
	*is_ours = label != NULL && strcmp(label, instance) == 0;
	return true;
}

bool
engine_tags_remove(struct engine *engine, const char *tag, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[640];

	snprintf(path, sizeof path, "/images/%s", tag);
	if (!engine_call(engine, "DELETE", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	return answer.status == 200 || answer.status == 404 ||
	    engine_refused(&answer, err, "remove the image");
}

bool
engine_tags_remove_untagged(struct engine *engine, const char *id, int64_t since, struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	char path[128];

	snprintf(path, sizeof path, "/images/%s/json", id);
	if (!engine_call(engine, "GET", path, NULL, ENGINE_CALL_MS, &answer, err))
		return false;
	if (answer.status == 404)
		return true;
	if (answer.status != 200)
		return engine_refused(&answer, err, "inspect the image");
	/* A call by id would also remove the only name of an image. */
	return engine_time_read(json_string_value(json_object_get(answer.json, "Created"))) <
	    since ||
	    json_array_size(json_object_get(answer.json, "RepoTags")) > 0 ||
	    json_array_size(json_object_get(answer.json, "RepoDigests")) > 0 ||
	    engine_tags_remove(engine, id, err);
}

bool
engine_tags_prune(struct engine *engine, const char *instance, int64_t *removed, int64_t *bytes,
    struct error *err)
{
	cleanup_answer struct engine_answer answer = { 0 };
	cleanup_free char *path =
	    engine_tags_filtered_path("/images/prune", instance, ",\"dangling\":[\"true\"]", err);
	json_t *item;
	size_t i;

	if (path == NULL || !engine_call(engine, "POST", path, NULL, PRUNE_MS, &answer, err))
		return false;
	if (answer.status != 200)
		return engine_refused(&answer, err, "remove images without a tag");
	*removed = 0;
	/* The engine lists an image's layers after the image; they are "Deleted" too. */
	json_array_foreach (json_object_get(answer.json, "ImagesDeleted"), i, item)
		*removed += json_object_get(item, "Deleted") != NULL;
	*bytes = json_integer_value(json_object_get(answer.json, "SpaceReclaimed"));
	return true;
}
