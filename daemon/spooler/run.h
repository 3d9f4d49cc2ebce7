#ifndef KABUTO_RUN_H
#define KABUTO_RUN_H
/*
 * One attempt of a job while the spooler works on it. jobrun.c takes it from step to step; runend.c
 * finds the text for its end.
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
	STEP_FIND, /* after a crash, or if a call's outcome is unknown */
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
	bool started;  /* the container was started just now */
	bool starting; /* it holds a turn of spooler_begin_start */
	bool joined;   /* its container uses a sandbox's network */
	struct container_info info;
	struct usage usage;
	enum step jump;
	int64_t registry_away_ms; /* monotonic; since when it is away; 0: it is not */
	int failures;               /* errors of the engine at this step */
	char error[RUN_ERROR];    /* why the job failed; empty: the exit code tells */
	bool timed_out;
	bool over_disk;             /* its outbox is too large */
	bool over_own;              /* Kabuto's own files in it are too large */
	bool cancelled;             /* its owner cancelled it */
	int64_t next_disk_check_ms; /* monotonic */
	struct collect_remarks remarks;
	char *elsewhere; /* files outside the empty outbox; NULL: none */
	char old_results[NAME_TEXT];
};

#endif
