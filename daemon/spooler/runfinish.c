/*
 * The steps after a job's end.
 */
#include "runfinish.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "collect.h"
#include "elsewhere.h"
#include "engine_container.h"
#include "jobfiles.h"
#include "jobstate.h"
#include "log.h"
#include "runcollect.h"
#include "runend.h"
#include "runfolder.h"
#include "runsandbox.h"
#include "sandbox.h"
#include "spooler.h"
#include "tree.h"
#include "worker.h"

/*
 * Finds files outside /outbox, if the job succeeded and left its outbox empty. It may have written
 * its results to the wrong place.
 */
static void
runfinish_find_elsewhere(struct run *run)
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
		if (elsewhere_find(&run->worker->engine, run->container, run->job.start_marked_at,
			&run->elsewhere, &err))
			return;
		outcome = runstep_retry_call(run, &err);
	} while (outcome == REPEAT);
	if (outcome != LEAVE)
		log_run(run, LOG_WARNING, "%s", err.text); /* only the hint is missing */
}

enum outcome
runfinish_collect(struct run *run, struct error *err)
{
	if (runcollect_outbox(run, err)) {
		runfinish_find_elsewhere(run);
		return NEXT;
	}
	run->job.results_token[0] = '\0';
	if (err->kind == ERROR_INTERRUPTED)
		return LEAVE;
	if (err->kind == ERROR_NO_SPACE || err->kind == ERROR_BUSY ||
	    run->failures++ < FAILURES_MOST)
		return AGAIN;
	runend_set_error(run, "the results could not be collected: %s", err->text);
	log_run(run, LOG_ERROR, "collect: %s", err->text);
	return NEXT;
}

enum outcome
runfinish_end(struct run *run, struct error *err)
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
	job->has_io = run->usage.complete && run->usage.io_unknown == 0;
	job->used_io = run->usage.io;
	free(job->error);
	job->error = run->error[0] == '\0' ? NULL : strdup(run->error);
	if (run->error[0] != '\0' && job->error == NULL) {
		error_set(err, ERROR_SYSTEM, "end the job: not enough memory");
		return AGAIN;
	}
	runsandbox_leave(run); /* before the next job gets the slot */
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

/*
 * Removes the results of the former attempt, which the job's row does not name any more. If a
 * backup runs, they stay until the next sweep of files.
 */
static void
runfinish_remove_old_results(struct run *run)
{
	struct error err;
	bool kept;

	if (!jobfiles_remove_results(&run->worker->spooler->spool, run->old_results, &kept, &err))
		log_run(run, LOG_WARNING, "remove the former results: %s", err.text);
	run->old_results[0] = '\0';
}

/* The former results go first: they need not wait for an engine that is slow or away. */
enum outcome
runfinish_remove(struct run *run, struct error *err)
{
	struct spool *spool = &run->worker->spooler->spool;
	char name[SPOOL_RUN_NAME];

	runfinish_remove_old_results(run);
	if (!engine_container_remove(&run->worker->engine, run->container, err)) {
		enum outcome outcome = runstep_failed_call(run, err);

		if (outcome != JUMP)
			return outcome;
		log_run(run, LOG_WARNING, "%s; the next sweep tries again", err->text);
	}
	sandbox_release(run->worker->spooler, run->job.slot);
	runfolder_name(run, name);
	if (!tree_remove(spool->run, name, err))
		log_run(run, LOG_WARNING, "%s; remove the folder by hand", err->text);
	return NEXT;
}
