#ifndef KABUTO_JOBREF_H
#define KABUTO_JOBREF_H
/*
 * Jobs and images as a user names them.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

struct jobref {
	int64_t id, pipeline;
	json_t *job; /* the server's object */
};

/*
 * Finds a job by its id, or by "last": the newest of the own account. On success the caller calls
 * jobref_clear.
 */
bool jobref_find(struct http *http, const char *text, struct jobref *job, struct error *err);
void jobref_clear(struct jobref *job);
#define cleanup_jobref __attribute__((cleanup(jobref_clear)))

/* Finds an image by its id, or by its name: the newest one of the own account with that name. */
bool jobref_find_image(struct http *http, const char *text, int64_t *id, struct error *err);

/*
 * Reads a decimal id. Returns false for anything else, and for numbers that no id has.
 */
bool jobref_parse_id(const char *text, int64_t *id);

#endif
