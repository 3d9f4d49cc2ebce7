/*
 * Waits for a job's end, and stops the job if it has to end.
 */
#include "runwait.h"

#include "clock.h"
#include "engine_container.h"
#include "jobstate.h"
#include "log.h"
#include "runend.h"
#include "runfolder.h"
#include "spooler.h"
#include "worker.h"

#define WAIT_MOST_MS   30000 /* of one wait call; after it the container is inspected */
#define GRACE_MARGIN   5     /* seconds for kabuto-init's report after the job's grace period */
#define GRACE_OF_LARGE 10    /* seconds, at most, for a job that has written too much */

/*
 * Stops the container if there is a reason to; *due tells whether there was one. The container's
 * state decides the rest. A job that has written too much gets a short grace period, so that it
 * writes little more.
 */
static enum outcome
runwait_stop_if_due(struct run *run, bool *due, struct error *err)
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
	    : runstep_retry_call(run, err);
}

/* Returns how long a wait call may take until the deadline or the disk must be checked. */
static int64_t
runwait_ms(const struct run *run)
{
	int64_t to_deadline = runend_deadline_ms(run) - clock_now_ms();
	int64_t to_check = run->next_disk_check_ms - clock_monotonic_ms();
	int64_t ms = to_deadline < to_check ? to_deadline : to_check;

	return ms < 1 ? 1 : ms > WAIT_MOST_MS ? WAIT_MOST_MS : ms;
}

enum outcome
runwait(struct run *run, struct error *err)
{
	struct engine *engine = &run->worker->engine;
	enum outcome outcome;
	bool due;

	for (;;) {
		/* A container that was just started needs no inspection. */
		if (run->started)
			run->info.state = CONTAINER_RUNNING;
		else if (!engine_container_inspect(engine, run->container, &run->info, err))
			return err->kind == ERROR_ENGINE ? runstep_jump(run, STEP_FIND)
							 : runstep_retry_call(run, err);
		run->started = false;
		spooler_record_engine(run->worker->spooler, NULL);
		if (run->info.state == CONTAINER_ABSENT) /* kabuto-init's report tells the rest */
			return runstep_jump(run, STEP_FIND);
		if (run->info.state != CONTAINER_RUNNING)
			return NEXT;
		if (!jobstate_is_cancelled(&run->worker->db, run->job.id, &run->cancelled, err))
			return AGAIN;
		outcome = runwait_stop_if_due(run, &due, err);
		if (outcome != NEXT)
			return outcome;
		if (!due && !engine_container_wait(engine, run->container, runwait_ms(run), err))
			return runstep_retry_call(run, err);
	}
}
