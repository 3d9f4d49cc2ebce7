#ifndef KABUTO_OUTBOUND_H
#define KABUTO_OUTBOUND_H
/*
 * Limits how many calls ask another server at the same time. Such a server may hang, and these
 * calls must not occupy all threads.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "error.h"

#define OUTBOUND_MOST 4 /* calls at a time */

struct outbound {
	atomic_int inside;
};

/* Counts a call. On true outbound_leave must follow. ERROR_BUSY: OUTBOUND_MOST calls are inside. */
static inline bool
outbound_enter(struct outbound *outbound, struct error *err)
{
	if (atomic_fetch_add(&outbound->inside, 1) < OUTBOUND_MOST)
		return true;
	atomic_fetch_sub(&outbound->inside, 1);
	error_set(err, ERROR_BUSY,
	    "too many log-ins or registrations at once; try again in a moment");
	err->retry_after_s = 1;
	return false;
}

static inline void
outbound_leave(struct outbound *outbound)
{
	atomic_fetch_sub(&outbound->inside, 1);
}

#endif
