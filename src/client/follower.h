#ifndef KABUTO_FOLLOWER_H
#define KABUTO_FOLLOWER_H
/*
 * Follows a job by its events (GET /execution/<job>/events as NDJSON) to its end, whatever happens
 * to the connection or the server meanwhile: each line comes once, in order. A line's id is the
 * place after it in the log, so the next connection reads on after the last one that came.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

struct follower_line {
	const char *text; /* without a line end; may contain NUL */
	size_t length;
	int64_t id;
	int64_t bytes; /* what the line takes in the log, with its end; -1: unknown */
	const char *stream, *time;
	bool partial; /* has no line end: the next line continues it */
	const json_t *json;
};

/* Reads a line from its object, whose texts it points to. before: the id before it; -1: unknown. */
bool follower_read_line(const json_t *json, int64_t before, struct follower_line *line,
    struct error *err);

struct follower {
	struct http *http;
	int64_t job;
	int64_t after; /* id of the last line that is not wanted; 0: all lines are */
	/* Each returns false with err set to end. state and flush may be NULL. */
	bool (*line)(void *context, const struct follower_line *line, struct error *err);
	bool (*state)(void *context, const json_t *job, struct error *err);
	bool (*flush)(void *context, struct error *err); /* after the lines that came together */
	void *context;
};

/*
 * Follows the job until it has ended, or until it is idle (outcome_idle). *job gets it as it is
 * then; the caller decrefs it. If the job is submitted again meanwhile, says so and follows the new
 * run.
 *
 * A server that does not answer is asked again for 10 minutes (patience.h); then ERROR_AWAY.
 * ERROR_NOT_FOUND: the job is not there, or was deleted. ERROR_INTERRUPTED: *http->stop was set.
 */
bool follower_run(const struct follower *follower, json_t **job, struct error *err);

#endif
