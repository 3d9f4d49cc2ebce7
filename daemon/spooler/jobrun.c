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

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"
#include "crash.h"
#include "job.h"
#include "jobspec.h"
#include "jobstate.h"
#include "log.h"
#include "run.h"
#include "runend.h"
#include "runfind.h"
#include "runfinish.h"
#include "runstart.h"
#include "runstep.h"
#include "runwait.h"
#include "worker.h"

static const struct {
	const char *name;
	step_function *run;
} steps[] = {
	[STEP_FIND] = { "find", runfind },
	[STEP_PREPARE] = { "prepare", runstart_prepare },
	[STEP_CREATE] = { "create", runstart_create },
	[STEP_MARK] = { "mark", runstart_mark },
	[STEP_START] = { "start", runstart_start },
	[STEP_WAIT] = { "wait", runwait },
	[STEP_COLLECT] = { "collect", runfinish_collect },
	[STEP_END] = { "end", runfinish_end },
	[STEP_REMOVE] = { "remove", runfinish_remove },
};
_Static_assert(sizeof steps / sizeof steps[0] == STEPS, "each has its function");

/*
 * Logs the first failure of a step, unless the engine is away, and waits before the next try.
 * Returns false if the spooler stops. ERROR_CONFLICT is no problem: the engine carried out a former
 * call late, as it does after a kill.
 */
static bool
jobrun_again(struct run *run, const char *step, const struct error *err, int *tries)
{
	if (*tries == 0 && err->kind != ERROR_AWAY)
		log_run(run, err->kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING,
		    "step=%s %s, trying again", step, err->text);
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
				runstart_end(run);
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
				runstart_end(run);
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
	runstart_end(&run);
	if (run.folder >= 0)
		(void)close(run.folder);
	collect_remarks_clear(&run.remarks);
	free(run.elsewhere);
	job_clear(&run.job);
}
