/*
 * A job's life as a table of steps. Each may be repeated; recovery is the same table, entered at
 * the step that the container's state names. So a job starts exactly once an attempt, whatever
 * dies, as long as the engine keeps its containers, and a row that says "running" always has
 * somebody working on it.
 *
 * The engine may carry out late what a former spooler, or a former try, has asked it for. So only
 * a container is started whose creation was seen answered: the mark in the row says so to the next
 * spooler. One that is found without the mark is removed, and the attempt prepared anew.
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
#include "joblog.h"
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

#define WAIT_MOST_MS   30000 /* of one wait call; behind it the container is inspected */
#define FAULTS_MOST    9     /* of the engine's own (HTTP 500) or ours that a step survives */
#define GRACE_MARGIN   5     /* seconds that kabuto-init gets to report behind the job's grace */
#define GRACE_OF_LARGE 10    /* seconds, at most, of a job that has written too much */

/* A step says: go on, try again after a pause, repeat at once, go to run->jump, leave all as is. */
enum outcome { NEXT, AGAIN, REPEAT, JUMP, LEAVE };

typedef enum outcome step_function(struct run *run, struct error *err);

static enum outcome
jobrun_jump(struct run *run, enum step step)
{
	run->jump = step;
	return JUMP;
}

/* Ends the job, with an error that has been set. */
static enum outcome
jobrun_fail(struct run *run)
{
	return jobrun_jump(run, STEP_COLLECT);
}

/* A failed call says nothing of what it asked for: it is made again, or left at a stop. */
static enum outcome
jobrun_retry_call(struct run *run, const struct error *err)
{
	if (err->kind == ERROR_INTERRUPTED) {
		if (run->worker->spooler->stopping)
			return LEAVE;
		/* The job's end was asked for, or that of the one before it. */
		engine_resume(&run->worker->engine);
		return REPEAT;
	}
	if (err->kind == ERROR_AWAY)
		spooler_record_engine(run->worker->spooler, err);
	return AGAIN;
}

/* The same for a call that the engine may refuse: that ends the job, in the engine's words. */
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
		/* An engine that is going down says so with all kinds of faults. */
		if (run->faults++ < FAULTS_MOST)
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

/* Its turn among the starts is over. */
static void
jobrun_end_start(struct run *run)
{
	if (run->starting)
		spooler_end_start(run->worker->spooler);
	run->starting = false;
}

/* The outcome of a step that is not simply repeated: the container is looked at first. */
static enum outcome
jobrun_find_first(struct run *run, enum outcome outcome)
{
	return outcome == AGAIN || outcome == REPEAT ? jobrun_jump(run, STEP_FIND) : outcome;
}

/* Removes the container. One that runs, since a start came late, stays: STEP_FIND sees it. */
static enum outcome
jobrun_remove_idle(struct run *run, struct error *err)
{
	if (engine_container_remove_idle(&run->worker->engine, run->info.id, err))
		return NEXT;
	return jobrun_find_first(run,
	    err->kind == ERROR_CONFLICT ? AGAIN : jobrun_failed_call(run, err));
}

/*
 * Has the attempt prepared anew, without the container that is there: nobody has asked for its
 * start, or the job never began. The mark goes first: a spooler that then finds no container knows
 * that the engine did not lose it.
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
	char folder[RUN_FOLDER_NAME];
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
		jobrun_end_start(run); /* others need not wait for what may take minutes */
		pulled = runimage_pull(run, &image, err);
	}
	image_run_clear(&image);
	if (pulled)
		return jobrun_jump(run, STEP_CREATE);
	if (done)
		return NEXT;
	if (run->joined && runsandbox_lost(run, err)) /* Podman looks for it that early */
		return jobrun_jump(run, STEP_FIND);
	if (kind == ERROR_CONFLICT) /* a former call's, and perhaps made of what is there no more */
		return jobrun_jump(run, STEP_FIND);
	outcome = jobrun_failed_call(run, err);
	/* The container may still come. It is found and removed, also where the job was killed. */
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
	/* Its end was asked for. A start that was asked for before may still come. */
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
	 * It may have started all the same, and even have ended: it must not be started twice. An
	 * engine that was killed at a start refuses that container for good, or has forgotten it.
	 */
	began = err->kind != ERROR_AWAY && err->kind != ERROR_INTERRUPTED &&
	    !runsandbox_never_began(run);
	if ((began || err->kind == ERROR_NOT_FOUND) && run->faults++ < FAULTS_MOST)
		return jobrun_jump(run, STEP_FIND);
	if (began)
		runend_set_error(run, "the engine lost the container while the job ran");
	return jobrun_find_first(run, jobrun_failed_call(run, err));
}

/*
 * Stops the container, where something asks for it; its state then tells the rest. What eats the
 * disk gets no long grace to go on with it.
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
			     : "it writes into files of Kabuto's";
	log_run(run, LOG_INFO, "stopping: %s", why);
	return engine_container_stop(&run->worker->engine, run->container, grace + GRACE_MARGIN,
		   err)
	    ? NEXT
	    : jobrun_retry_call(run, err);
}

/* How long a wait call may take before something else is to be looked at. */
static int64_t
jobrun_wait_ms(const struct run *run)
{
	int64_t to_deadline = runend_deadline_ms(run) - clock_now_ms();
	int64_t to_look = run->next_disk_look_ms - clock_monotonic_ms();
	int64_t ms = to_deadline < to_look ? to_deadline : to_look;

	return ms < 1 ? 1 : ms > WAIT_MOST_MS ? WAIT_MOST_MS : ms;
}

static enum outcome
jobrun_wait(struct run *run, struct error *err)
{
	struct engine *engine = &run->worker->engine;
	enum outcome outcome;
	bool due;

	for (;;) {
		/* One that was just started need not be asked whether it runs. */
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
 * A job that went well and left nothing in its outbox may have written its results where they are
 * not kept.
 */
static void
jobrun_find_elsewhere(struct run *run)
{
	enum outcome outcome = NEXT;
	struct error err;

	/* The engine takes some 10 ms to look: not for a job that wrote nothing at all. */
	if (run->notes.entries > 0 || run->usage.written == 0 ||
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
		log_run(run, LOG_WARNING, "%s", err.text); /* a hint the less */
}

/*
 * A full disk, a busy database: nothing is lost by waiting. What nobody can read ends the job in
 * words.
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
	if (err->kind == ERROR_NO_SPACE || err->kind == ERROR_BUSY || run->faults++ < FAULTS_MOST)
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
		run->old_results[0] = '\0'; /* it has been ended: only the rest is to be done */
		return NEXT;
	}
	log_run(run, LOG_INFO, "ended response=%lld error=\"%s\"", (long long)job->response,
	    run->error);
	/* The next job need not wait until the engine has cleaned up. */
	run->worker->over = true;
	spooler_nudge(run->worker->spooler);
	return NEXT;
}

static enum outcome
jobrun_remove(struct run *run, struct error *err)
{
	struct spool *spool = &run->worker->spooler->spool;
	char name[RUN_FOLDER_NAME];
	bool kept;

	if (!engine_container_remove(&run->worker->engine, run->container, err)) {
		enum outcome outcome = jobrun_failed_call(run, err);

		if (outcome != JUMP)
			return outcome;
		log_run(run, LOG_WARNING, "%s; the next look for rubbish tries again", err->text);
	}
	runfolder_name(run, name);
	if (!tree_remove(spool->run, name, err))
		log_run(run, LOG_WARNING, "%s; it stays until it is removed by hand", err->text);
	if (!jobfiles_remove_results(spool, run->old_results, &kept, err))
		log_run(run, LOG_WARNING, "remove the former results: %s", err->text);
	return NEXT;
}

/*
 * The engine was killed in the middle of a start, and does not know that the job began: it may run
 * all the same. Its end is waited for, and then is what kabuto-init says of it.
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
	    "the engine has forgotten a job that runs; its end is waited for");
	return AGAIN;
}

/*
 * Where to go on (design, section 5, right column). A job that was marked and has no container was
 * lost by the engine; one that was not marked has none whose creation was seen answered.
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
	if (run->job.start_marked_at == 0 || (run->faults > 0 && runsandbox_never_began(run)))
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
 * What has failed is noted once an attempt at it, and tried again until it works or the spooler
 * stops.
 */
static bool
jobrun_again(struct run *run, const char *step, const struct error *err, int *tries)
{
	if (*tries == 0 && err->kind != ERROR_AWAY)
		log_run(run, LOG_WARNING, "step=%s %s, trying again", step, err->text);
	return worker_pause(run->worker, tries);
}

/* Whether the end was asked for of a job that has no container yet, since making one fails. */
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
			/* Steps before the start are repeated when it fails: they mend nothing. */
			if (step >= STEP_START || run->faults == 0)
				tries = run->faults = 0;
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
			/* What was not known is looked at no sooner than what failed is tried
			 * again. */
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
		/* One that was just claimed has no container yet. */
		jobrun_steps(&run, adopted ? STEP_FIND : STEP_PREPARE);
	}
	jobrun_end_start(&run);
	if (run.folder >= 0)
		(void)close(run.folder);
	collect_notes_clear(&run.notes);
	free(run.elsewhere);
	job_clear(&run.job);
}
