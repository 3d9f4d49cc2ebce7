/*
 * Splits the JSON array into its objects by counting braces, and parses one object at a time.
 */
#include "outboxlist.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "httpanswer.h"
#include "repeat.h"

#define OBJECT_MOST (64 * 1024) /* bytes of one object */

struct reading {
	struct outboxlist *list;
	char *const *patterns;
	size_t patterns_count;
	bool *fitted; /* of each pattern: a name fits */
	char object[OBJECT_MOST];
	size_t length;
	int depth;
	bool quoted, escaped;
	bool ended; /* the array's end came */
};

static bool
outboxlist_fits(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	while (length > 0 && pattern[length - 1] == '/')
		length--;
	if (strncmp(pattern, name, length) == 0 && (name[length] == '\0' || name[length] == '/'))
		return true;
	return fnmatch(pattern, name, 0) == 0;
}

void
outboxlist_clear(struct outboxlist *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct outboxlist){ 0 };
}

static bool
outboxlist_add(struct outboxlist *list, const char *name, struct error *err)
{
	char *copy = strdup(name);

	if (copy != NULL && list->count == list->room) {
		size_t room = list->room == 0 ? 64 : 2 * list->room;
		char **names = realloc(list->names, room * sizeof names[0]);

		if (names != NULL) {
			list->names = names;
			list->room = room;
		}
	}
	if (copy == NULL || list->count == list->room) {
		free(copy);
		return error_set(err, ERROR_SYSTEM, "list the results: not enough memory");
	}
	list->names[list->count++] = copy;
	return true;
}

/* Takes the object that was read. */
static bool
outboxlist_take(struct reading *reading, struct error *err)
{
	cleanup_json json_t *json = json_loadb(reading->object, reading->length, 0, NULL);
	const char *name = json_string_value(json_object_get(json, "name"));
	bool fits = false;

	if (name == NULL)
		return error_set(err, ERROR_SYSTEM,
		    "the server's list of results cannot be read: check the URL");
	for (size_t i = 0; i < reading->patterns_count; i++)
		if (outboxlist_fits(reading->patterns[i], name))
			fits = reading->fitted[i] = true;
	return !fits || outboxlist_add(reading->list, name, err);
}

static bool
outboxlist_read(void *context, const char *data, size_t length, struct error *err)
{
	struct reading *reading = context;

	for (; length > 0; data++, length--) {
		if (!reading->quoted && *data == '{' && reading->depth++ == 0)
			reading->length = 0;
		if (reading->depth == 0) {
			reading->ended = reading->ended || *data == ']';
			continue;
		}
		if (reading->length == sizeof reading->object)
			return error_set(err, ERROR_SYSTEM,
			    "the server's list of results cannot be read: check the URL");
		reading->object[reading->length++] = *data;
		if (reading->quoted) {
			reading->quoted = reading->escaped || *data != '"';
			reading->escaped = !reading->escaped && *data == '\\';
		} else if (*data == '"') {
			reading->quoted = true;
		} else if (*data == '}' && --reading->depth == 0 &&
		    !outboxlist_take(reading, err)) {
			return false;
		}
	}
	return true;
}

/* Reads the whole list, from its beginning again if it was cut. */
static bool
outboxlist_transfer(struct reading *reading, struct http *http, const char *path, struct error *err)
{
	const struct http_request request = {
		.path = path, .write = outboxlist_read, .context = reading
	};
	struct repeat repeat;
	bool connected, done;

	repeat_begin(&repeat);
	do {
		cleanup_http_answer struct http_answer answer = { 0 };

		outboxlist_clear(reading->list);
		reading->depth = 0;
		reading->quoted = reading->escaped = reading->ended = false;
		done = http_transfer(http, &request, &answer, err);
		if (done && !reading->ended)
			done = error_set(err, ERROR_AWAY, "the list of results was cut");
		connected = answer.connected;
	} while (!done && repeat_after(&repeat, http, connected, err));
	for (size_t i = 0; done && i < reading->patterns_count; i++)
		if (!reading->fitted[i])
			return error_set(err, ERROR_NOT_FOUND,
			    "the job has no result '%s': 'kabuto api GET %s' lists the results",
			    reading->patterns[i], path);
	return done;
}

bool
outboxlist_get(struct outboxlist *list, struct http *http, int64_t pipeline, int64_t job,
    char *const *patterns, size_t patterns_count, struct error *err)
{
	struct reading *reading = calloc(1, sizeof *reading);
	cleanup_free bool *fitted = calloc(patterns_count, sizeof *fitted);
	char path[96];
	bool done;

	*list = (struct outboxlist){ 0 };
	if (reading == NULL || fitted == NULL) {
		free(reading);
		return error_set(err, ERROR_SYSTEM, "list the results: not enough memory");
	}
	reading->list = list;
	reading->patterns = patterns;
	reading->patterns_count = patterns_count;
	reading->fitted = fitted;
	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/job/%" PRId64 "/outbox", pipeline, job);
	done = outboxlist_transfer(reading, http, path, err);
	free(reading);
	if (!done)
		outboxlist_clear(list);
	return done;
}
