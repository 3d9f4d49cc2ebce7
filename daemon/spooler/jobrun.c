/*
 * Runs a job as a table of steps. Each step may be repeated. Recovery uses the same table and
 * enters it at the step that the container's state gives. So each attempt starts its job exactly
 * once, whatever crashes, if the engine keeps its containers. And for every row that says "running"
 * a thread works.
 *
 * The engine may carry out late a request of a former spooler or of a former try. So a container is
 * started only if its creation was answered: a mark in the row tells this to the next spooler. A
 * container without the mark is removed, and the attempt is prepared again.
 */
#include "jobrun.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "collect.h"
#include "elsewhere.h"
#include "engine_container.h"
#include "crash.h"
#include "image.h"
#include "job.h"
#include "jobstate.h"
#include "jobfiles.h"
#include "jobspec.h"
#include "log.h"
#include "run.h"
#include "runcollect.h"
#include "runend.h"
#include "runfolder.h"
#include "runimage.h"
#include "runsandbox.h"
#include "tree.h"
#include "usage.h"
#include "worker.h"

#define WAIT_MOST_MS   30000 /* of one wait call; after it the container is inspected */
#define FAILURES_MOST    9     /* errors of the engine (HTTP 500) or of ours that a step survives */
#define GRACE_MARGIN   5     /* seconds for kabuto-init's report after the job's grace period */
#define GRACE_OF_LARGE 10    /* seconds, at most, for a job that has written too much */

/*
 * What follows a step: NEXT: the next step; AGAIN: the same step after a pause; REPEAT: the same
 * step at once; JUMP: run->jump; LEAVE: stop and change nothing.
 */
enum outcome { NEXT, AGAIN, REPEAT, JUMP, LEAVE };

typedef enum outcome step_function(struct run *run, struct error *err);

static enum outcome
jobrun_jump(struct run *run, enum step step)
{
	run->jump = step;
	return JUMP;
}

/* Ends the job with the error that was set. */
static enum outcome
jobrun_fail(struct run *run)
{
	return jobrun_jump(run, STEP_COLLECT);
}

/* Handles a failed call whose outcome is unknown: the call is made again, or left at a stop. */
static enum outcome
jobrun_retry_call(struct run *run, const struct error *err)
{
	if (err->kind == ERROR_INTERRUPTED) {
		/*
		 * The call was interrupted because the spooler stops, or because this job, or the
		 * one before it in this thread, was cancelled. A stop after engine_resume
		 * interrupts the next call.
		 */
		engine_resume(&run->worker->engine);
		return run->worker->spooler->stopping ? LEAVE : REPEAT;
	}
	if (err->kind == ERROR_AWAY)
		spooler_record_engine(run->worker->spooler, err);
	return AGAIN;
}

/*
 * Handles a failed call that the engine may also refuse. A refusal ends the job with the engine's
 * message.
 */
static enum outcome
jobrun_failed_call(struct run *run, const struct error *err)
{
	switch (err->kind) {
	case ERROR_INTERRUPTED:
	case ERROR_AWAY:
	case ERROR_BUSY:
	case ERROR_NO_SPACE:
	case ERROR_REGISTRY:
		return jobrun_retry_call(run, err);
	case ERROR_SYSTEM:
		/* An engine that is shutting down gives errors of all kinds. */
		if (run->failures++ < FAILURES_MOST)
			return AGAIN;
		__attribute__((fallthrough));
	default:
		runend_set_error(run, "%s", err->text);
		return jobrun_fail(run);
	}
}

static enum outcome
jobrun_prepare(struct run *run, struct error *err)
{
	if (!runfolder_make(run, err))
		return AGAIN;
	runsandbox_join(run);
	return NEXT;
}

/* Ends the run's turn among the starts. */
static void
jobrun_end_start(struct run *run)
{
	if (run->starting)
		spooler_end_start(run->worker->spooler);
	run->starting = false;
}

/* Makes a step that would be repeated inspect the container first. */
static enum outcome
jobrun_find_first(struct run *run, enum outcome outcome)
{
	return outcome == AGAIN || outcome == REPEAT ? jobrun_jump(run, STEP_FIND) : outcome;
}

/*
 * Removes the container. If it runs, because a start came late, it stays and STEP_FIND handles it.
 */
static enum outcome
jobrun_remove_idle(struct run *run, struct error *err)
{
	if (engine_container_remove_idle(&run->worker->engine, run->info.id, err))
		return NEXT;
	return jobrun_find_first(run,
	    err->kind == ERROR_CONFLICT ? AGAIN : jobrun_failed_call(run, err));
}

/*
 * Removes the container and prepares the attempt again: no start of the container was requested, or
 * the job never began. Deletes the mark first: so a spooler that finds no container knows that the
 * engine did not lose it.
 */
static enum outcome
jobrun_begin_anew(struct run *run, struct error *err)
{
	enum outcome outcome;

	if (!jobstate_unmark(&run->worker->db, &run->job, err))
		return AGAIN;
	outcome = jobrun_remove_idle(run, err);
	return outcome == NEXT ? jobrun_jump(run, STEP_PREPARE) : outcome;
}

static enum outcome
jobrun_create(struct run *run, struct error *err)
{
	struct image_run image = { 0 };
	char folder[SPOOL_RUN_NAME];
	bool done, pulled = false;
	enum error_kind kind;
	enum outcome outcome;

	if (!run->starting && !spooler_begin_start(run->worker->spooler))
		return LEAVE;
	run->starting = true;
	done = image_run_read(&run->worker->db, run->job.image, &image, err) &&
	    jobspec_create(run->worker, &run->job, &image, run->container,
		runfolder_name(run, folder), run->joined ? run->sandbox : NULL, run->info.id, err);
	kind = done ? ERROR_NONE : err->kind;
	if (kind == ERROR_NOT_FOUND) {
		jobrun_end_start(run); /* a pull may take minutes; others must not wait */
		pulled = runimage_pull(run, &image, err);
	}
	image_run_clear(&image);
	if (pulled)
		return jobrun_jump(run, STEP_CREATE);
	if (done)
		return NEXT;
	if (run->joined && runsandbox_lost(run, err)) /* Podman needs the sandbox already here */
		return jobrun_jump(run, STEP_FIND);
	if (kind == ERROR_CONFLICT) /* made by a former call, maybe from outdated parts */
		return jobrun_jump(run, STEP_FIND);
	outcome = jobrun_failed_call(run, err);
	/*
	 * The engine may still create it. STEP_FIND then removes it, even if the job was cancelled.
	 */
	return kind == ERROR_INTERRUPTED && outcome == REPEAT ? jobrun_jump(run, STEP_CREATE)
							      : outcome;
}

static enum outcome
jobrun_mark(struct run *run, struct error *err)
{
	enum outcome outcome;

	if (jobstate_mark(&run->worker->db, &run->job, err))
		return NEXT;
	if (err->kind != ERROR_CONFLICT)
		return AGAIN;
	/* The job was cancelled. A start that was requested before may still come. */
	outcome = jobrun_remove_idle(run, err);
	if (outcome != NEXT)
		return outcome;
	runend_set_error(run, JOB_KILLED);
	return jobrun_fail(run);
}

static enum outcome
jobrun_start(struct run *run, struct error *err)
{
	bool began;

	if (engine_container_start(&run->worker->engine, run->info.id, err)) {
		log_run(run, LOG_INFO, "started");
		run->started = true;
		return NEXT;
	}
	if (run->joined && runsandbox_lost(run, err))
		return jobrun_jump(run, STEP_FIND);
	/*
	 * The container may have started anyway, and may even have ended: it must not start twice.
	 * An engine that was killed during a start refuses this container for ever, or has
	 * forgotten it.
	 */
	began = err->kind != ERROR_AWAY && err->kind != ERROR_INTERRUPTED &&
	    !runsandbox_never_began(run);
	if ((began || err->kind == ERROR_NOT_FOUND) && run->failures++ < FAILURES_MOST)
		return jobrun_jump(run, STEP_FIND);
	if (began)
		runend_set_error(run, "the engine lost the container while the job ran");
	return jobrun_find_first(run, jobrun_failed_call(run, err));
}

/*
 * Stops the container if there is a reason to; *due tells whether there was one. The container's
 * state decides the rest. A job that has written too much gets a short grace period, so that it
 * writes little more.
 */
static enum outcome
jobrun_stop_if_due(struct run *run, bool *due, struct error *err)
{
	int64_t grace = run->job.grace;
	const char *why;

	run->timed_out = clock_now_ms() >= runend_deadline_ms(run);
	*due = run->timed_out || run->cancelled;
	run->over_disk = !*due && runfolder_outbox_too_large(run);
	run->over_own = !*due && runfolder_own_files_too_large(run);
	if (run->over_disk || run->over_own) {
		*due = true;
		grace = grace < GRACE_OF_LARGE ? grace : GRACE_OF_LARGE;
	}
	if (!*due)
		return NEXT;
	why = run->timed_out ? "time"
	    : run->cancelled ? "its owner asked for it"
	    : run->over_disk ? "disk"
			     : "it writes too much into Kabuto's own files";
	log_run(run, LOG_INFO, "stopping: %s", why);
	return engine_container_stop(&run->worker->engine, run->container, grace + GRACE_MARGIN,
		   err)
	    ? NEXT
	    : jobrun_retry_call(run, err);
}

/* Returns how long a wait call may take until the deadline or the disk must be checked. */
static int64_t
jobrun_wait_ms(const struct run *run)
{
	int64_t to_deadline = runend_deadline_ms(run) - clock_now_ms();
	int64_t to_check = run->next_disk_check_ms - clock_monotonic_ms();
	int64_t ms = to_deadline < to_check ? to_deadline : to_check;

	return ms < 1 ? 1 : ms > WAIT_MOST_MS ? WAIT_MOST_MS : ms;
}

static enum outcome
jobrun_wait(struct run *run, struct error *err)
{
	struct engine *engine = &run->worker->engine;
	enum outcome outcome;
	bool due;

	for (;;) {
		/* A container that was just started needs no inspection. */
		if (run->started)
			run->info.state = CONTAINER_RUNNING;
		else if (!engine_container_inspect(engine, run->container, &run->info, err))
			return jobrun_retry_call(run, err);
		run->started = false;
		spooler_record_engine(run->worker->spooler, NULL);
		if (run->info.state == CONTAINER_ABSENT) {
			runend_set_error(run, "the engine lost the container while the job ran");
			return jobrun_fail(run);
		}
		if (run->info.state != CONTAINER_RUNNING)
			return NEXT;
		if (!jobstate_is_cancelled(&run->worker->db, run->job.id, &run->cancelled, err))
			return AGAIN;
		outcome = jobrun_stop_if_due(run, &due, err);
		if (outcome != NEXT)
			return outcome;
		if (!due &&
		    !engine_container_wait(engine, run->container, jobrun_wait_ms(run), err))
			return jobrun_retry_call(run, err);
	}
}

/*
 * Finds files outside /outbox, if the job succeeded and left its outbox empty. It may have written
 * its results to the wrong place.
 */
static void
jobrun_find_elsewhere(struct run *run)
{
	enum outcome outcome = NEXT;
	struct error err;

	/* The engine needs about 10 ms for this. Skip it for a job that wrote nothing. */
	if (run->remarks.entries > 0 || run->usage.written == 0 ||
	    run->info.state != CONTAINER_EXITED || run->info.exit_code != 0)
		return;
	do {
		free(run->elsewhere);
		run->elsewhere = NULL;
		if (elsewhere_find(&run->worker->engine, run->container, &run->elsewhere, &err))
			return;
		outcome = jobrun_retry_call(run, &err);
	} while (outcome == REPEAT);
	if (outcome != LEAVE)
		log_run(run, LOG_WARNING, "%s", err.text); /* only the hint is missing */
}

/*
 * Collects the results. Temporary errors (a full disk, a busy database) lose nothing and are tried
 * again. An outbox that cannot be read ends the job with an error.
 */
static enum outcome
jobrun_collect(struct run *run, struct error *err)
{
	if (runcollect_outbox(run, err)) {
		jobrun_find_elsewhere(run);
		return NEXT;
	}
	run->job.results_token[0] = '\0';
	if (err->kind == ERROR_INTERRUPTED)
		return LEAVE;
	if (err->kind == ERROR_NO_SPACE || err->kind == ERROR_BUSY || run->failures++ < FAILURES_MOST)
		return AGAIN;
	runend_set_error(run, "the results could not be collected: %s", err->text);
	log_run(run, LOG_ERROR, "collect: %s", err->text);
	return NEXT;
}

static enum outcome
jobrun_end(struct run *run, struct error *err)
{
	struct job *job = &run->job;

	if (!jobstate_is_cancelled(&run->worker->db, job->id, &run->cancelled, err))
		return AGAIN;
	runend_explain(run);
	if (!runend_seal_log(run, err))
		return AGAIN;
	runfolder_measure(run);
	job->has_response = run->info.state == CONTAINER_EXITED;
	job->response = run->info.exit_code;
	job->has_usage = run->usage.complete;
	job->used_cpu = (double)run->usage.cpu_ns / (double)NS_PER_S;
	job->used_memory = run->usage.memory;
	job->used_io = run->usage.io;
	free(job->error);
	job->error = run->error[0] == '\0' ? NULL : strdup(run->error);
	if (run->error[0] != '\0' && job->error == NULL) {
		error_set(err, ERROR_SYSTEM, "end the job: not enough memory");
		return AGAIN;
	}
	if (!jobstate_end(&run->worker->db, job, run->old_results, err)) {
		if (err->kind != ERROR_CONFLICT)
			return AGAIN;
		run->old_results[0] = '\0'; /* already ended by a former try */
		return NEXT;
	}
	log_run(run, LOG_INFO, "ended response=%lld error=\"%s\"", (long long)job->response,
	    run->error);
	/* The next job need not wait for the engine's clean-up. */
	run->worker->over = true;
	spooler_nudge(run->worker->spooler);
	return NEXT;
}

static enum outcome
jobrun_remove(struct run *run, struct error *err)
{
	struct spool *spool = &run->worker->spooler->spool;
	char name[SPOOL_RUN_NAME];
	bool kept;

	if (!engine_container_remove(&run->worker->engine, run->container, err)) {
		enum outcome outcome = jobrun_failed_call(run, err);

		if (outcome != JUMP)
			return outcome;
		log_run(run, LOG_WARNING, "%s; the next sweep tries again", err->text);
	}
	runfolder_name(run, name);
	if (!tree_remove(spool->run, name, err))
		log_run(run, LOG_WARNING, "%s; remove the folder by hand", err->text);
	if (!jobfiles_remove_results(spool, run->old_results, &kept, err))
		log_run(run, LOG_WARNING, "remove the former results: %s", err->text);
	return NEXT;
}

/*
 * Handles a job that the engine has forgotten. The engine was killed during the start and does not
 * know that the job began, but the job may run. Waits for the job's end; kabuto-init's report gives
 * the exit code.
 */
static enum outcome
jobrun_find_forgotten(struct run *run, struct error *err)
{
	if (!usage_is_held(run->folder, "usage")) {
		usage_read(&run->usage, run->folder, "usage");
		if (run->usage.complete) {
			run->info.state = CONTAINER_EXITED;
			run->info.exit_code = run->usage.code;
		} else {
			runend_set_error(run, "the engine lost the container while the job ran");
		}
		return jobrun_jump(run, STEP_COLLECT);
	}
	if (!jobstate_is_cancelled(&run->worker->db, run->job.id, &run->cancelled, err))
		return AGAIN;
	run->timed_out = clock_now_ms() >= runend_deadline_ms(run);
	if (run->timed_out || run->cancelled)
		return jobrun_jump(run, STEP_COLLECT);
	error_set(err, ERROR_SYSTEM,
	    "the engine has forgotten a running job; waiting for the job's end");
	return AGAIN;
}

/*
 * Finds the step to continue at (design, section 5, right column). If a marked job has no
 * container, the engine lost it. For an unmarked job no creation of a container was answered.
 */
static enum outcome
jobrun_find(struct run *run, struct error *err)
{
	enum container_state state;

	if (!engine_container_inspect(&run->worker->engine, run->container, &run->info, err))
		return jobrun_retry_call(run, err);
	run->joined = run->info.joined;
	state = run->info.state;
	if (state == CONTAINER_RUNNING || state == CONTAINER_EXITED)
		return jobrun_jump(run, state == CONTAINER_RUNNING ? STEP_WAIT : STEP_COLLECT);
	if (run->job.start_marked_at == 0 || (run->failures > 0 && runsandbox_never_began(run)))
		return jobrun_begin_anew(run, err);
	if (runfolder_open(run, err) && !usage_is_untouched(run->folder, "usage"))
		return jobrun_find_forgotten(run, err);
	if (state == CONTAINER_CREATED)
		return jobrun_jump(run, STEP_MARK);
	runend_set_error(run, "the engine lost the container while the job ran");
	return jobrun_fail(run);
}

static const struct {
	const char *name;
	step_function *run;
} steps[] = {
	[STEP_FIND] = { "find", jobrun_find },
	[STEP_PREPARE] = { "prepare", jobrun_prepare },
	[STEP_CREATE] = { "create", jobrun_create },
	[STEP_MARK] = { "mark", jobrun_mark },
	[STEP_START] = { "start", jobrun_start },
	[STEP_WAIT] = { "wait", jobrun_wait },
	[STEP_COLLECT] = { "collect", jobrun_collect },
	[STEP_END] = { "end", jobrun_end },
	[STEP_REMOVE] = { "remove", jobrun_remove },
};
_Static_assert(sizeof steps / sizeof steps[0] == STEPS, "each has its function");

/*
 * Logs the first failure of a step, unless the engine is away, and waits before the next try.
 * Returns false if the spooler stops.
 */
static bool
jobrun_again(struct run *run, const char *step, const struct error *err, int *tries)
{
	if (*tries == 0 && err->kind != ERROR_AWAY)
		log_run(run, LOG_WARNING, "step=%s %s, trying again", step, err->text);
	return worker_pause(run->worker, tries);
}

/* Whether a job whose container cannot be created was cancelled. */
static bool
jobrun_is_killed(struct run *run)
{
	struct error ignored;

	if (!jobstate_is_cancelled(&run->worker->db, run->job.id, &run->cancelled, &ignored) ||
	    !run->cancelled)
		return false;
	runend_set_error(run, JOB_KILLED);
	return true;
}

static void
jobrun_steps(struct run *run, enum step step)
{
	int tries = 0;

	while (step < STEPS) {
		struct error err = { .kind = ERROR_NONE };

		switch (steps[step].run(run, &err)) {
		case NEXT:
			crash_point("job", steps[step].name);
			if (step == STEP_START)
				jobrun_end_start(run);
			/*
			 * A success before the start does not reset the counters: these steps are
			 * repeated if the start fails.
			 */
			if (step >= STEP_START || run->failures == 0)
				tries = run->failures = 0;
			step++;
			break;
		case AGAIN:
			if (!jobrun_again(run, steps[step].name, &err, &tries))
				return;
			__attribute__((fallthrough));
		case REPEAT:
			if ((step == STEP_PREPARE || step == STEP_CREATE) && jobrun_is_killed(run))
				step = STEP_COLLECT;
			break;
		case JUMP:
			if (run->jump >= STEP_WAIT)
				jobrun_end_start(run);
			/*
			 * After an error wait before the container is inspected, as before any
			 * other try.
			 */
			if (err.kind != ERROR_NONE && err.kind != ERROR_INTERRUPTED &&
			    run->jump == STEP_FIND &&
			    !jobrun_again(run, steps[step].name, &err, &tries))
				return;
			step = run->jump;
			break;
		case LEAVE:
			return;
		}
	}
}

static bool
jobrun_read_job(struct run *run, int64_t job)
{
	struct error err;
	int tries = 0;

	while (!job_read(&run->worker->db, job, &run->job, &err))
		if (!jobrun_again(run, "read", &err, &tries))
			return false;
	return strcmp(run->job.state, "running") == 0;
}

void
jobrun(struct worker *worker, int64_t job, bool adopted)
{
	struct run run = { .worker = worker, .folder = -1 };

	if (jobrun_read_job(&run, job)) {
		jobspec_container(run.container, worker->spooler->instance, run.job.id,
		    run.job.attempt);
		/* A newly claimed job has no container yet. */
		jobrun_steps(&run, adopted ? STEP_FIND : STEP_PREPARE);
	}
	jobrun_end_start(&run);
	if (run.folder >= 0)
		(void)close(run.folder);
	collect_remarks_clear(&run.remarks);
	free(run.elsewhere);
	job_clear(&run.job);
}
