#ifndef KABUTO_OUTBOUND_H
#define KABUTO_OUTBOUND_H
/*
 * Calls that ask another server, which may hang: so few at a time that they never hold all threads.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "error.h"

#define OUTBOUND_MOST 4

struct outbound {
	atomic_int inside;
};

/* Lets one in, to be let out by outbound_leave; ERROR_BUSY where OUTBOUND_MOST are inside. */
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
