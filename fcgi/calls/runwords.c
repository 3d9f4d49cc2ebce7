/*
 * Words for the end of a run.
 */
#include "runwords.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* Adds a line of three texts. Control characters of the second one become spaces: it is one line.
 */
static bool
runwords_add_line(struct textbuffer *to, const char *before, const char *text, const char *after,
    struct error *err)
{
	cleanup_free char *line = strdup(text);

	if (line == NULL)
		return error_set(err, ERROR_SYSTEM, "end a run: not enough memory");
	for (char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	return textbuffer_add(to, before, strlen(before), err) &&
	    textbuffer_add(to, line, strlen(line), err) &&
	    textbuffer_add(to, after, strlen(after), err) && textbuffer_add(to, "\n", 1, err);
}

/* Whether the error says no more than the exit code does. */
static bool
runwords_is_plain(const struct job *job)
{
	char plain[48];

	snprintf(plain, sizeof plain, "exit code %lld", (long long)job->response);
	return job->error == NULL || strcmp(job->error, plain) == 0;
}

bool
runwords_add_end(struct textbuffer *to, const struct job *job, const char *results,
    struct error *err)
{
	bool has_results = job->has_response && job->results_token[0] != '\0' &&
	    job->results_removed_at == 0;
	bool plain = job->has_response && runwords_is_plain(job);
	const char *why = job->error != NULL ? job->error : "it has no exit code";
	cleanup_free char *end = NULL;
	char before[48];

	if (job->has_response)
		snprintf(before, sizeof before, "exit %lld%s", (long long)job->response,
		    plain ? "" : " (");
	else
		snprintf(before, sizeof before, "failed: ");
	if (asprintf(&end, "%s%s%s", job->has_response && !plain ? ")" : "",
		has_results ? ", results: " : "", has_results ? results : "") < 0)
		return error_set(err, ERROR_SYSTEM, "end a run: not enough memory");
	return runwords_add_line(to, before, plain ? "" : why, end, err);
}

bool
runwords_add_failure(struct textbuffer *to, const char *what, const char *why, struct error *err)
{
	cleanup_free char *before = NULL;

	if (asprintf(&before, "%s: ", what) < 0)
		return error_set(err, ERROR_SYSTEM, "end a run: not enough memory");
	return runwords_add_line(to, before, why, "", err);
}
