#ifndef KABUTO_SPOOLER_H
#define KABUTO_SPOOLER_H
/*
 * The data that the spooler's threads share.
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

struct engineprobe;
struct sandboxes;

struct spooler {
	pthread_mutex_t lock; /* protects status, starts and starts_most */
	struct service_status status;
	/*
	 * The members from here to nudge are set before threads start and then only read, except
	 * config.
	 */
	const struct config *_Atomic config; /* replaced after a SIGHUP; the former ones are kept */
	struct spool spool;
	char instance[INSTANCE_TEXT];
	int64_t started_ms; /* start of this process */
	int wake;           /* the socket to which handlers write */
	int nudge;          /* an eventfd; threads that have finished wake the scheduler with it */
	atomic_bool stopping;
	atomic_bool sweep_asked;          /* set by SIGUSR1, cleared when that sweep begins */
	atomic_bool containers_due;       /* sweep the containers before the engine counts as up */
	_Atomic int64_t swept_containers; /* removed by such sweeps; the next sweep counts them */
	struct sandboxes *sandboxes;      /* sandbox.h; it has its own lock */
	struct engineprobe *probe;        /* engineprobe.h; it has its own lock */
	/*
	 * The number of containers that are being created and started, and its limit; both
	 * protected by lock.
	 */
	int64_t starts, starts_most;
	pthread_cond_t start_ended;
};

/* Records whether the engine answers. err NULL: it does; else it is away, and err says why. */
void spooler_record_engine(struct spooler *spooler, const struct error *err);

/* Returns since when the engine has been away (ms since 1970); 0: it is up. */
int64_t spooler_engine_away_since(struct spooler *spooler);

/*
 * Waits for a turn to start a container; on true spooler_end_start must follow. Returns false if
 * the spooler stops. Only a few starts run at a time: with hundreds the engine would answer no
 * start and no ping for minutes.
 */
bool spooler_begin_start(struct spooler *spooler);
void spooler_end_start(struct spooler *spooler);
/* Wakes the threads that wait for their turn. For the spooler's stop. */
void spooler_wake_starts(struct spooler *spooler);

/* Wakes the scheduler. */
void spooler_nudge(struct spooler *spooler);

#endif
