/*
 * Reads the end of a job from its JSON object.
 */
#include "outcome.h"

#include <string.h>

#include "exitcode.h"

#define TIMED_OUT "timed out after " /* the beginning of such a job's error */

static bool
outcome_is(const json_t *job, const char *state)
{
	const char *text = json_string_value(json_object_get(job, "state"));

	return text != NULL && strcmp(text, state) == 0;
}

bool
outcome_ended(const json_t *job)
{
	return outcome_is(job, "done") || outcome_is(job, "failed");
}

bool
outcome_idle(const json_t *job)
{
	return outcome_is(job, "ready") && !json_is_object(json_object_get(job, "build"));
}

int
outcome_code(const json_t *job)
{
	const json_t *response = json_object_get(job, "response");
	const char *error = outcome_error(job);
	json_int_t code = json_integer_value(response);

	if (outcome_is(job, "done"))
		return EXIT_DONE;
	if (!outcome_is(job, "failed"))
		return EXIT_TROUBLE;
	if (error != NULL && strncmp(error, TIMED_OUT, strlen(TIMED_OUT)) == 0)
		return EXIT_TIMED_OUT;
	/* A failed job whose program ended with 0 failed for another reason: its outbox, for one.
	 */
	return json_is_integer(response) && code > 0 && code < 256 ? (int)code : EXIT_TROUBLE;
}

const char *
outcome_error(const json_t *job)
{
	return json_string_value(json_object_get(job, "error"));
}
