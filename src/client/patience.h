#ifndef KABUTO_PATIENCE_H
#define KABUTO_PATIENCE_H
/*
 * Asking a server again that does not answer: after 0.5 s, then after longer and longer pauses of
 * at most 5 s, for 10 minutes.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

struct patience {
	int64_t since_ms; /* of clock_monotonic_ms: the server has not answered since then; 0: it
			     does */
	int pause_ms;     /* the last pause */
	bool told;        /* the user knows */
};

/* Whether a call that failed so may succeed later without anybody's help. */
bool patience_may_help(const struct error *err);

/* The server has answered. */
void patience_reset(struct patience *patience);

/*
 * Waits before the next try. err says why the last one failed; the user is told once. Returns false
 * with err set if 10 minutes are over, or *http->stop was set (ERROR_INTERRUPTED).
 */
bool patience_wait(struct patience *patience, struct http *http, struct error *err);

#endif
