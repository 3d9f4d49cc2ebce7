#ifndef KABUTO_RECOVER_H
#define KABUTO_RECOVER_H
/*
 * Containers that a process left which died between making one and noting it. Jobs themselves need
 * nothing of this: jobrun goes on with them from what it finds.
 */
#include "message.h"
#include "spooler.h"

/* How a look for rubbish goes about it, and what came of it. */
struct sweep {
	bool dry_run; /* nothing is removed, only counted */
	bool measure; /* bytes is asked for */
	/* Called with what was done, and as LOG_WARNING with what could not be. */
	void (*tell)(void *context, enum log_level level, const char *text);
	void *context;
	int64_t removed;
	int64_t bytes;
};

/*
 * Removes containers with our label of which no running attempt is. One that cannot be removed
 * stays until the next time. False where the engine is away.
 */
bool recover_sweep_containers(struct worker *worker, struct sweep *sweep, struct error *err);

/* The spooler's, which tell its log. */
void recover_files(struct worker *worker);
bool recover_containers(struct worker *worker, struct error *err);

#endif
