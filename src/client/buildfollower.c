/*
 * Reads a build's output as it comes.
 */
#include "buildfollower.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "display.h"
#include "patience.h"

#define WAIT_S 30 /* the longest ?wait of the API */

/* Returns the length of the colour (ECMA-48, SGR) at the beginning of text; 0: it is none. */
static size_t
buildfollower_colour(const char *text)
{
	size_t length = strncmp(text, "\033[", 2) == 0 ? 2 + strspn(text + 2, "0123456789;") : 0;

	return length > 0 && text[length] == 'm' ? length + 1 : 0;
}

/* Adds a text, without its colours if the standard error shows none. */
static bool
buildfollower_add(struct output *to, const json_t *text, struct error *err)
{
	bool colours = display_colour(stderr, DISPLAY_PLAIN)[0] != '\0';
	const char *rest = json_string_value(text);

	while (!colours && strchr(rest, '\033') != NULL) {
		const char *colour = strchr(rest, '\033');
		size_t length = buildfollower_colour(colour);

		if (!output_add(to, rest, (size_t)(colour - rest) + (length == 0), err))
			return false;
		rest = colour + (length > 0 ? length : 1);
	}
	return output_add(to, rest, strlen(rest), err);
}

bool
buildfollower_print(struct output *to, const json_t *message, struct error *err)
{
	const json_t *stream = json_object_get(message, "stream");
	const json_t *status = json_object_get(message, "status");
	const json_t *error = json_object_get(message, "error");
	const json_t *id = json_object_get(message, "id");

	if (json_is_string(stream))
		return buildfollower_add(to, stream, err);
	if (json_is_string(error))
		return buildfollower_add(to, error, err) && output_add(to, "\n", 1, err);
	if (!json_is_string(status) || json_object_get(message, "progress") != NULL)
		return true;
	return (!json_is_string(id) ||
		   (buildfollower_add(to, id, err) && output_add(to, ": ", 2, err))) &&
	    buildfollower_add(to, status, err) && output_add(to, "\n", 1, err);
}

/* Prints the new messages, and counts them. */
static bool
buildfollower_take(const json_t *build, struct output *to, int64_t *seen, struct error *err)
{
	const json_t *message;
	size_t index;

	json_array_foreach (json_object_get(build, "output"), index, message) {
		++*seen;
		if (to != NULL && !buildfollower_print(to, message, err))
			return false;
	}
	return to == NULL || output_flush(to, err);
}

/* Asks for what comes after the messages that were seen. */
static bool
buildfollower_ask(struct http *http, int64_t id, int64_t seen, json_t **build, struct error *err)
{
	cleanup_fields struct http_fields fields = { 0 };
	char path[64];

	snprintf(path, sizeof path, "/image/build/%" PRId64, id);
	httpfields_add_number(&fields, "wait", WAIT_S);
	httpfields_add_number(&fields, "output_after", seen);
	return http_call_once(http, "GET", path, &fields, build, err);
}

bool
buildfollower_run(struct http *http, int64_t id, struct output *to, int64_t *seen, json_t **result,
    struct error *err)
{
	struct patience patience = { 0 };

	for (;;) {
		cleanup_json json_t *build = NULL;
		const char *state;

		if (!buildfollower_ask(http, id, *seen, &build, err)) {
			if (!patience_may_help(err) || !patience_wait(&patience, http, err))
				return false;
			continue;
		}
		patience_reset(&patience);
		state = json_string_value(json_object_get(build, "state"));
		if (state == NULL)
			return error_set(err, ERROR_SYSTEM,
			    "the server sent a build that this version of kabuto does not know");
		if (!buildfollower_take(build, to, seen, err))
			return false;
		if (strcmp(state, "PENDING") == 0)
			continue;
		(void)json_object_del(build, "output");
		*result = json_incref(build);
		return true;
	}
}

bool
buildfollower_succeeded(const json_t *build)
{
	const char *state = json_string_value(json_object_get(build, "state"));

	return state != NULL && strcmp(state, "SUCCESS") == 0;
}
