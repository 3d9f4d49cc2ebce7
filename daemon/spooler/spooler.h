#ifndef KABUTO_SPOOLER_H
#define KABUTO_SPOOLER_H
/*
 * What the threads of the spooler share, and what belongs to one that works.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "database.h"
#include "engine.h"
#include "error.h"
#include "service.h"
#include "spool.h"

struct sandboxes;

struct spooler {
	pthread_mutex_t lock; /* guards status */
	struct service_status status;
	/* What follows is set before threads start, and then only read. */
	const struct config *_Atomic config; /* another one after a SIGHUP; the former ones stay */
	struct spool spool;
	char instance[INSTANCE_TEXT];
	int64_t started_ms; /* when this process began */
	int wake;           /* the socket that handlers write to */
	int nudge;          /* an eventfd by which a thread that is done wakes the scheduler */
	atomic_bool stopping;
	atomic_bool sweep_asked;     /* by a SIGUSR1; until that sweep begins */
	atomic_bool containers_due;  /* they are to be swept before the engine counts as there */
	struct sandboxes *sandboxes; /* sandbox.h; has its own lock */
	/* How many containers are being created and started, of starts_most; guarded by lock. */
	int64_t starts, starts_most;
	pthread_cond_t start_ended;
};

/* Notes whether the engine answers: err NULL, it does; else since now it does not, as err says. */
void spooler_record_engine(struct spooler *spooler, const struct error *err);

/* Since when the engine has been away; 0: it is there. */
int64_t spooler_engine_away_since(struct spooler *spooler);

/*
 * The engine is asked for a few starts at a time: with hundreds of jobs it would answer none of
 * them, nor a ping, for minutes. Waits for its turn; false where the spooler stops.
 */
bool spooler_begin_start(struct spooler *spooler);
void spooler_end_start(struct spooler *spooler);
/* At a stop: wakes those that wait for their turn. */
void spooler_wake_starts(struct spooler *spooler);

/* Wakes the scheduler. */
void spooler_nudge(struct spooler *spooler);

#endif
