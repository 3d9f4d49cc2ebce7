/*
 * An attempt and the sandbox whose network its container joins.
 */
#include "run.h"
#include "sandbox.h"

void
run_join_sandbox(struct run *run)
{
	struct spooler *spooler = run->worker->spooler;
	struct error err;

	run->joined = sandbox_take(spooler, run->job.slot, run->job.network, run->sandbox);
	if (run->joined &&
	    !sandbox_copy_files(spooler, run->job.slot, run->job.network, run->folder, &err)) {
		log_run(run, LOG_WARNING, "%s; it starts without", err.text);
		run->joined = false;
	}
}

bool
run_never_began(struct run *run)
{
	struct error ignored;

	return run_folder_open(run, &ignored) && usage_is_untouched(run->folder, "usage");
}

bool
run_lost_sandbox(struct run *run, struct error *refusal)
{
	struct error err;
	bool alive = true;

	if (refusal->kind == ERROR_AWAY || refusal->kind == ERROR_INTERRUPTED ||
	    !run_never_began(run) ||
	    !sandbox_check(run->worker, run->job.slot, run->job.network, &alive, &err) || alive)
		return false;
	run->faults++;
	refusal->kind = ERROR_NONE; /* there is nothing to wait for */
	return true;
}
