/*
 * Finds jobs and images by what a user calls them.
 */
#include "jobref.h"

#include <string.h>

#include "cleanup.h"
#include "listing.h"
#include "number.h"

#define ID_MOST 999999999999999LL /* more digits are a slip */

bool
jobref_parse_id(const char *text, int64_t *id)
{
	return text[0] != '-' && text[0] != '+' && number_parse_integer(text, id) && *id > 0 &&
	    *id <= ID_MOST;
}

void
jobref_clear(struct jobref *job)
{
	json_decref(job->job);
	*job = (struct jobref){ 0 };
}

/* Takes the first item of the list that an answer is. */
static bool
jobref_take(json_t *list, struct jobref *job)
{
	json_t *found = json_object_iter_value(json_object_iter(list));
	json_int_t id, pipeline;

	if (json_unpack(found, "{s:I, s:{s:I}}", "id", &id, "pipeline", "id", &pipeline) < 0)
		return false;
	*job = (struct jobref){ .id = id, .pipeline = pipeline, .job = json_incref(found) };
	return true;
}

/* A list of one job: the one with the id, or the next one. */
static bool
jobref_find_id(struct http *http, int64_t id, struct jobref *job, struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	cleanup_json json_t *list = NULL;

	httpfields_add_number(&fields, "after", id - 1);
	httpfields_add_number(&fields, "limit", 1);
	if (!http_call(http, "GET", "/jobs", &fields, &list, err))
		return false;
	if (jobref_take(list, job)) {
		if (job->id == id)
			return true;
		jobref_clear(job);
	}
	return error_set(err, ERROR_NOT_FOUND,
	    "job %lld does not exist, or belongs to somebody else: 'kabuto ps' lists yours",
	    (long long)id);
}

static bool
jobref_find_last(struct http *http, struct jobref *job, struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	cleanup_json json_t *list = NULL;

	httpfields_add(&fields, "order", "newest");
	httpfields_add(&fields, "own", "true");
	httpfields_add_number(&fields, "limit", 1);
	if (!http_call(http, "GET", "/jobs", &fields, &list, err))
		return false;
	return jobref_take(list, job) ||
	    error_set(err, ERROR_NOT_FOUND, "there is no job yet: 'kabuto run' starts one");
}

bool
jobref_find(struct http *http, const char *text, struct jobref *job, struct error *err)
{
	int64_t id;

	*job = (struct jobref){ 0 };
	if (strcmp(text, "last") == 0)
		return jobref_find_last(http, job, err);
	if (!jobref_parse_id(text, &id))
		return error_set(err, ERROR_INPUT,
		    "'%.100s' is not a job: write its number, or 'last' for the newest", text);
	return jobref_find_id(http, id, job, err);
}

/* Images */

struct wanted {
	const char *name;
	int64_t id; /* 0: not found */
};

static bool
jobref_compare_image(const char *id, const json_t *object, void *context)
{
	struct wanted *wanted = context;
	const char *name = json_string_value(json_object_get(object, "name"));

	if (name == NULL || strcmp(name, wanted->name) != 0)
		return true;
	(void)jobref_parse_id(id, &wanted->id);
	return false;
}

bool
jobref_find_image(struct http *http, const char *text, int64_t *id, struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	struct wanted wanted = { .name = text };

	if (jobref_parse_id(text, id))
		return true;
	httpfields_add(&fields, "name", text);
	httpfields_add(&fields, "order", "newest");
	httpfields_add(&fields, "own", "true");
	if (!listing_each(http, "/image", &fields, LISTING_ALL, jobref_compare_image, &wanted, err))
		return false;
	*id = wanted.id;
	return wanted.id != 0 ||
	    error_set(err, ERROR_NOT_FOUND,
		"there is no image '%.200s': 'kabuto images' lists yours", text);
}
