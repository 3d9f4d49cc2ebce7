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
#include "jobrun.h"
#include "log.h"
#include "spooler.h"
#include "usage.h"

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

/*
 * The attempt's folder in run/: each has its own, since the next one may begin before the last
 * one's is gone.
 */
#define RUN_FOLDER_NAME 48
const char *runfolder_name(const struct run *run, char name[static RUN_FOLDER_NAME]);

/* Opens it, where it is not open yet. */
bool runfolder_open(struct run *run, struct error *err);

/* Makes it anew, and the log's two files. */
bool runfolder_make(struct run *run, struct error *err);

/* Joins the slot's sandbox, where it is ready: joined and sandbox tell; its files are copied. */
void runsandbox_join(struct run *run);

/*
 * Whether kabuto-init never ran. An engine that was killed in the middle of a start may say
 * "created" of a container in which the job runs: only what the job itself leaves can be trusted.
 */
bool runsandbox_never_began(struct run *run);

/*
 * Whether the container was refused because the sandbox died. If it is there, it never ran:
 * STEP_FIND makes another one, without the sandbox. Then the refusal, which needs no waiting for,
 * is taken back (ERROR_NONE) and counted among the faults.
 */
bool runsandbox_lost(struct run *run, struct error *refusal);

/*
 * Where the job's container could not be created because something is not there: pulls the image
 * from the registry, if it is what is missing, and notes it in the log. False with err as it was:
 * it is not. ERROR_REGISTRY: the registry is away, and is still to be waited for.
 */
bool runimage_pull(struct run *run, const struct image_run *image, struct error *err);

/* Whether the outbox is over its limit; looked at every few seconds only. */
bool runfolder_outbox_too_large(struct run *run);

/*
 * Whether the files that Kabuto puts into the container, which any user in there may write or root
 * may, are larger than Kabuto makes them: no other limit holds for them.
 */
bool runfolder_own_files_too_large(struct run *run);

/* Notes in the job what the attempt keeps of the disk, for retention by size. */
void runfolder_measure(struct run *run);

/* Says why the job failed; only the first text counts, since it is the cause. */
void runend_set_error(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* When its time is over, in ms since 1970. */
int64_t runend_deadline_ms(const struct run *run);

/* Sets the error from what is known of the end, the most telling cause first; none for exit code 0.
 */
void runend_explain(struct run *run);

/* Puts Kabuto's own lines at the end of the log, and closes it. */
bool runend_seal_log(struct run *run, struct error *err);

#endif
