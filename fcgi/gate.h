#ifndef KABUTO_GATE_H
#define KABUTO_GATE_H
/*
 * Calls that ask another server, which may hang: so few at a time that they never hold all threads.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "error.h"

#define GATE_MOST 4

struct gate {
	atomic_int inside;
};

/* Lets one in, to be let out by gate_leave; ERROR_BUSY where GATE_MOST are inside. */
static inline bool
gate_enter(struct gate *gate, struct error *err)
{
	if (atomic_fetch_add(&gate->inside, 1) < GATE_MOST)
		return true;
	atomic_fetch_sub(&gate->inside, 1);
	error_set(err, ERROR_BUSY,
	    "too many log-ins or registrations at once; try again in a moment");
	err->retry_after_s = 1;
	return false;
}

static inline void
gate_leave(struct gate *gate)
{
	atomic_fetch_sub(&gate->inside, 1);
}

#endif
