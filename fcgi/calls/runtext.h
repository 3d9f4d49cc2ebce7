#ifndef KABUTO_RUNTEXT_H
#define KABUTO_RUNTEXT_H
/*
 * Reads a job's log as the job printed it, attempt after attempt, for a stream of text.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "logspan.h"
#include "textbuffer.h"

struct runtext {
	int64_t attempt; /* 0: none is read yet */
	int64_t offset;  /* bytes of its text that were read */
};

/* Adds the next bytes of the text, some 60,000 at most; nothing if no more has come. */
bool runtext_read(struct runtext *text, const struct logspan *span, int logs, int64_t limit,
    struct textbuffer *to, struct error *err);

#endif
