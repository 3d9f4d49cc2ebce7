#ifndef KABUTO_WORKER_H
#define KABUTO_WORKER_H
/*
 * What belongs to one thread of the spooler.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "database.h"
#include "engine.h"
#include "error.h"
#include "spooler.h"

/* A thread's own: a job or a build is worked on with these and nothing else. */
struct worker {
	struct spooler *spooler;
	const struct config
	    *config; /* the spooler's when the work at hand began: it holds to its end */
	struct database db;
	struct engine engine;
	atomic_bool over; /* its job has ended, and only the container is still to be removed */
};

/* Opens the worker's connections. On true the caller must call worker_close. */
bool worker_open(struct worker *worker, struct spooler *spooler, struct error *err);
void worker_close(struct worker *worker);

/*
 * What is survived is tried again: waits a little longer at each call (tries counts them, from 0.1
 * s to 5 s) and returns true, or at once false where the spooler stops.
 */
bool worker_pause(struct worker *worker, int *tries);

#endif
