/*
 * Finds the step at which a run continues.
 */
#include "runfind.h"

#include "clock.h"
#include "engine_container.h"
#include "jobstate.h"
#include "log.h"
#include "runend.h"
#include "runfolder.h"
#include "runsandbox.h"
#include "runstart.h"
#include "usage.h"
#include "worker.h"

/*
 * Handles a job that the engine has forgotten. The engine was killed during the start and does not
 * know that the job began, but the job may run. Waits for the job's end; kabuto-init's report gives
 * the exit code.
 */
static enum outcome
runfind_forgotten(struct run *run, struct error *err)
{
	if (!usage_is_held(run->folder, "usage")) {
		usage_read(&run->usage, run->folder, "usage");
		if (run->usage.complete) {
			run->info.state = CONTAINER_EXITED;
			run->info.exit_code = run->usage.code;
		} else {
			runend_set_error(run, "the engine lost the container while the job ran");
		}
		return runstep_jump(run, STEP_COLLECT);
	}
	if (!jobstate_is_cancelled(&run->worker->db, run->job.id, &run->cancelled, err))
		return AGAIN;
	run->timed_out = clock_now_ms() >= runend_deadline_ms(run);
	if (run->timed_out || run->cancelled)
		return runstep_jump(run, STEP_COLLECT);
	error_set(err, ERROR_SYSTEM,
	    "the engine has forgotten a running job; waiting for the job's end");
	return AGAIN;
}

/*
 * Handles a container that the engine cannot inspect, although it answers. After a power cut Podman
 * may have lost the files of a container: it then answers HTTP 500 to its inspection, and to the
 * list of all containers, until the container is removed by force. Removes it if the job does not
 * run. Then the engine has lost it.
 */
static enum outcome
runfind_damaged(struct run *run, struct error *err)
{
	struct error failure;

	if (run->failures++ < FAILURES_MOST || !runfolder_open(run, &failure) ||
	    usage_is_held(run->folder, "usage") || !engine_ping(&run->worker->engine, &failure))
		return AGAIN;
	log_run(run, LOG_WARNING, "%s; removing the container", err->text);
	if (!engine_container_remove(&run->worker->engine, run->container, err))
		return runstep_retry_call(run, err);
	run->failures = 0; /* it is absent now, and for good */
	return NEXT;
}

enum outcome
runfind(struct run *run, struct error *err)
{
	enum container_state state;

	if (!engine_container_inspect(&run->worker->engine, run->container, &run->info, err)) {
		enum outcome outcome = err->kind == ERROR_ENGINE ? runfind_damaged(run, err)
								 : runstep_retry_call(run, err);

		if (outcome != NEXT)
			return outcome;
		run->info = (struct container_info){ .state = CONTAINER_ABSENT };
	}
	run->joined = run->info.joined;
	state = run->info.state;
	if (state == CONTAINER_RUNNING || state == CONTAINER_EXITED)
		return runstep_jump(run, state == CONTAINER_RUNNING ? STEP_WAIT : STEP_COLLECT);
	if (run->job.start_marked_at == 0 || (run->failures > 0 && runsandbox_never_began(run)))
		return runstart_begin_anew(run, err);
	if (runfolder_open(run, err) && !usage_is_untouched(run->folder, "usage"))
		return runfind_forgotten(run, err);
	if (state == CONTAINER_CREATED)
		return runstep_jump(run, STEP_MARK);
	runend_set_error(run, "the engine lost the container while the job ran");
	return runstep_fail(run);
}
