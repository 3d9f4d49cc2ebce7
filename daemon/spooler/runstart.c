/*
 * The steps up to the start of a job's container.
 */
#include "runstart.h"

#include <string.h>

#include "engine_container.h"
#include "image.h"
#include "jobspec.h"
#include "jobstate.h"
#include "log.h"
#include "runend.h"
#include "runfolder.h"
#include "runimage.h"
#include "runsandbox.h"
#include "spooler.h"
#include "worker.h"

enum outcome
runstart_prepare(struct run *run, struct error *err)
{
	if (!runfolder_make(run, err))
		return AGAIN;
	runsandbox_join(run);
	return NEXT;
}

void
runstart_end(struct run *run)
{
	if (run->starting)
		spooler_end_start(run->worker->spooler);
	run->starting = false;
}

/* Makes a step that would be repeated inspect the container first. */
static enum outcome
runstart_find_first(struct run *run, enum outcome outcome)
{
	return outcome == AGAIN || outcome == REPEAT ? runstep_jump(run, STEP_FIND) : outcome;
}

/*
 * Removes the container. If it runs, because a start came late, it stays and STEP_FIND handles it.
 */
static enum outcome
runstart_remove_idle(struct run *run, struct error *err)
{
	if (engine_container_remove_idle(&run->worker->engine, run->info.id, err))
		return NEXT;
	return runstart_find_first(run,
	    err->kind == ERROR_CONFLICT ? AGAIN : runstep_failed_call(run, err));
}

enum outcome
runstart_begin_anew(struct run *run, struct error *err)
{
	enum outcome outcome;

	if (!jobstate_unmark(&run->worker->db, &run->job, err))
		return AGAIN;
	outcome = runstart_remove_idle(run, err);
	return outcome == NEXT ? runstep_jump(run, STEP_PREPARE) : outcome;
}

enum outcome
runstart_create(struct run *run, struct error *err)
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
		runstart_end(run); /* a pull may take minutes; others must not wait */
		pulled = runimage_pull(run, &image, err);
	}
	image_run_clear(&image);
	if (pulled)
		return runstep_jump(run, STEP_CREATE);
	if (done)
		return NEXT;
	if (run->joined && runsandbox_lost(run, err)) /* Podman needs the sandbox already here */
		return runstep_jump(run, STEP_FIND);
	if (kind == ERROR_CONFLICT) /* made by a former call, maybe from outdated parts */
		return runstep_jump(run, STEP_FIND);
	outcome = runstep_failed_call(run, err);
	/*
	 * The engine may still create it. STEP_FIND then removes it, even if the job was cancelled.
	 */
	return kind == ERROR_INTERRUPTED && outcome == REPEAT ? runstep_jump(run, STEP_CREATE)
							      : outcome;
}

enum outcome
runstart_mark(struct run *run, struct error *err)
{
	enum outcome outcome;

	if (jobstate_mark(&run->worker->db, &run->job, err))
		return NEXT;
	if (err->kind != ERROR_CONFLICT)
		return AGAIN;
	/* The job was cancelled. A start that was requested before may still come. */
	outcome = runstart_remove_idle(run, err);
	if (outcome != NEXT)
		return outcome;
	runend_set_error(run, JOB_KILLED);
	return runstep_fail(run);
}

enum outcome
runstart_start(struct run *run, struct error *err)
{
	bool began;

	if (engine_container_start(&run->worker->engine, run->info.id, err)) {
		log_run(run, LOG_INFO, "started");
		run->started = true;
		return NEXT;
	}
	if (run->joined && runsandbox_lost(run, err))
		return runstep_jump(run, STEP_FIND);
	/*
	 * The container may have started anyway, and may even have ended: it must not start twice.
	 * An engine that was killed during a start refuses this container for ever, or has
	 * forgotten it.
	 */
	began = err->kind != ERROR_AWAY && err->kind != ERROR_INTERRUPTED &&
	    !runsandbox_never_began(run);
	if ((began || err->kind == ERROR_NOT_FOUND) && run->failures++ < FAILURES_MOST)
		return runstep_jump(run, STEP_FIND);
	if (began)
		runend_set_error(run, "the engine lost the container while the job ran");
	return runstart_find_first(run, runstep_failed_call(run, err));
}
