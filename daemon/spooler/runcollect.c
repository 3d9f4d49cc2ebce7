/*
 * Collects the usage and the results from an attempt's folder.
 */
#include "runcollect.h"

#include <fcntl.h>
#include <unistd.h>

#include "cleanup.h"
#include "runfolder.h"
#include "secret.h"
#include "tree.h"

bool
runcollect_outbox(struct run *run, struct error *err)
{
	cleanup_close int outbox = -1;

	if (!runfolder_open(run, err))
		return false;
	outbox = openat(run->folder, "outbox", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (outbox < 0)
		return error_errno(err, "open the outbox");
	usage_read(&run->usage, run->folder, "usage");
	/*
	 * An engine that was restarted while the job ended did not see its end, and says 255.
	 */
	if (run->usage.complete && run->usage.code <= UINT8_MAX)
		run->info.exit_code = run->usage.code;
	run->over_disk = run->over_disk || tree_measure(outbox, run->job.disk) > run->job.disk;
	collect_remarks_clear(&run->remarks);
	secret_make_name(run->job.results_token);
	{
		const struct collect collect = {
			.spool = &run->worker->spooler->spool,
			.outbox = outbox,
			.name = run->job.results_token,
			.attempt = run->job.attempt,
			.limit = run->job.disk,
			.stop = &run->worker->spooler->stopping,
			.remarks = &run->remarks,
		};

		return collect_outbox(&collect, err);
	}
}
