#ifndef KABUTO_WORKER_H
#define KABUTO_WORKER_H
/*
 * The data of one thread of the spooler.
 */
#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "database.h"
#include "engine.h"
#include "error.h"
#include "spooler.h"

/* The data of one thread. Work on a job or a build uses only this data. */
struct worker {
	struct spooler *spooler;
	/* The spooler's configuration at the beginning of the current work, until its end. */
	const struct config *config;
	struct database db;
	struct engine engine;
	atomic_bool over;        /* its job has ended; only the container must still be removed */
	atomic_bool in_buildkit; /* BuildKit runs its build now */
	atomic_bool starved;     /* its build must end, because the machine is short of memory */
};

/* Opens the worker's connections. On true the caller must call worker_close. */
bool worker_open(struct worker *worker, struct spooler *spooler, struct error *err);
void worker_close(struct worker *worker);

/*
 * Waits before the next try of something that failed, a little longer at each call: from 0.1 s to 5
 * s; tries counts the calls. Returns true, or false at once if the spooler stops.
 */
bool worker_pause(struct worker *worker, int *tries);

#endif
