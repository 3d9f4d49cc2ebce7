#ifndef KABUTO_RUN_H
#define KABUTO_RUN_H
/*
 * One attempt of a job while the spooler works on it: shared by jobrun.c, which takes it from step
 * to step, and explain.c, which finds the words for its end.
 */
#include <stdbool.h>
#include <stdint.h>

#include "collect.h"
#include "engine_container.h"
#include "image.h"
#include "job.h"
#include "jobspec.h"
#include "log.h"
#include "sandbox.h"
#include "spooler.h"
#include "usage.h"
#include "worker.h"

#define log_run(run, level, format, ...)                                                           \
	log_write(level, "job=%lld attempt=%lld " format, (long long)(run)->job.id,                \
	    (long long)(run)->job.attempt __VA_OPT__(, ) __VA_ARGS__)

enum step {
	STEP_FIND, /* entered after a crash, or when a call's outcome is not known */
	STEP_PREPARE,
	STEP_CREATE,
	STEP_MARK,
	STEP_START,
	STEP_WAIT,
	STEP_COLLECT,
	STEP_END,
	STEP_REMOVE,
	STEPS
};

#define RUN_ERROR 1200

struct run {
	struct worker *worker;
	struct job job;
	char container[CONTAINER_NAME];
	int folder; /* run/<job>.<attempt>; -1: not open */
	char sandbox[SANDBOX_NAME];
	bool started;  /* just now */
	bool starting; /* it has its turn at the engine */
	bool joined;   /* its container shares the network of a sandbox */
	struct container_info info;
	struct usage usage;
	enum step jump;
	int64_t registry_away_ms; /* monotonic, since when the registry is; 0: it is not */
	int faults;               /* of the engine's own, at this step */
	char error[RUN_ERROR];    /* why the job failed, in words; empty: its exit code tells */
	bool timed_out;
	bool over_disk;            /* its outbox is too large */
	bool over_own;             /* what Kabuto mounts for it is */
	bool cancelled;            /* its owner asked for its end */
	int64_t next_disk_look_ms; /* monotonic */
	struct collect_notes notes;
	char *elsewhere; /* files that were left outside the empty outbox; NULL: none */
	char old_results[NAME_TEXT];
};

#endif
