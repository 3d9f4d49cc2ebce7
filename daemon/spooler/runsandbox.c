/*
 * Joins an attempt's container to the network of a sandbox.
 */
#include "runsandbox.h"

#include "runfolder.h"
#include "sandbox.h"
#include "worker.h"

void
runsandbox_join(struct run *run)
{
	struct spooler *spooler = run->worker->spooler;
	struct error err;

	run->joined = sandbox_take(spooler, run->job.slot, run->job.network, run->sandbox);
	if (run->joined &&
	    !sandbox_folder_copy_files(spooler, run->job.slot, run->job.network, run->folder,
		&err)) {
		log_run(run, LOG_WARNING, "%s; the job starts without the sandbox", err.text);
		run->joined = false;
	}
}

void
runsandbox_leave(struct run *run)
{
	if (run->joined)
		sandbox_leave(run->worker->spooler, run->job.slot, run->job.network,
		    run->info.state == CONTAINER_EXITED);
}

bool
runsandbox_never_began(struct run *run)
{
	struct error ignored;

	return runfolder_open(run, &ignored) && usage_is_untouched(run->folder, "usage");
}

bool
runsandbox_lost(struct run *run, struct error *refusal)
{
	struct error err;
	bool alive = true;

	if (refusal->kind == ERROR_AWAY || refusal->kind == ERROR_INTERRUPTED ||
	    !runsandbox_never_began(run) ||
	    !sandbox_check(run->worker, run->job.slot, run->job.network, &alive, &err) || alive)
		return false;
	run->failures++;
	refusal->kind = ERROR_NONE; /* the job need not wait */
	return true;
}
