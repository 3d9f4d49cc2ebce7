#ifndef KABUTO_RUNWORDS_H
#define KABUTO_RUNWORDS_H
/*
 * The last line of POST /run as text: how the job has ended, and where its results are.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "job.h"
#include "textbuffer.h"

/* Adds the line for a job that has ended. results is the URL of its results. */
bool runwords_add_end(struct textbuffer *to, const struct job *job, const char *results,
    struct error *err);

/* Adds a line "what: why" for a run that never came to its end. */
bool runwords_add_failure(struct textbuffer *to, const char *what, const char *why,
    struct error *err);

#endif
