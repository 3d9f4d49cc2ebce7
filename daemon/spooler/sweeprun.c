/*
 * The spooler's sweep. An object that cannot be removed stays until the next sweep; the sweep
 * continues with the others.
 */
#include "sweeprun.h"

#include "clock.h"
#include "containersweep.h"
#include "filesweep.h"
#include "imagesweep.h"
#include "log.h"
#include "sweep.h"
#include "worker.h"

static void
sweeprun_tell(void *context, enum log_level level, const char *text)
{
	log_write(level, "sweep: %s", text);
	if (level <= LOG_WARNING)
		sweep_add_error(context, text);
}

static void
sweeprun_files(struct worker *worker, struct sweep *sweep)
{
	struct filesweep files = { .spool = &worker->spooler->spool,
		.db = &worker->db,
		.started_ms = worker->spooler->started_ms,
		.stop = &worker->spooler->stopping,
		.measure = true,
		.tell = sweeprun_tell,
		.context = sweep };

	filesweep_run(&files);
	sweep->files = files.removed;
	sweep->file_bytes = files.bytes;
}

static void
sweeprun_engine(struct worker *worker, struct sweep *sweep)
{
	struct spooler *spooler = worker->spooler;
	const char *what = "images";
	struct error err;

	if (!containersweep_run(worker, sweep, &err)) {
		what = "containers";
		spooler->containers_due = true; /* the scheduler tries again */
	} else if (imagesweep_run(worker, sweep, &err)) {
		return;
	}
	if (spooler->stopping)
		return;
	error_wrap(&err, "%s", what);
	sweeprun_tell(sweep, LOG_WARNING, err.text);
}

void
sweeprun(struct worker *worker)
{
	struct spooler *spooler = worker->spooler;
	struct sweep sweep = { .started_at = clock_now_ms() };
	struct error err;

	engine_resume(&worker->engine); /* its last job may have been cancelled */
	sweeprun_files(worker, &sweep);
	if (!spooler->stopping)
		sweeprun_engine(worker, &sweep);
	if (spooler->stopping)
		return;
	sweep.containers += atomic_exchange(&spooler->swept_containers, 0);
	sweep.finished_at = clock_now_ms();
	if (!sweep_write(&worker->db, &sweep, &err))
		log_write(LOG_WARNING, "sweep: record the result: %s", err.text);
	log_write(LOG_INFO, "sweep files=%lld containers=%lld images=%lld errors=%lld done",
	    (long long)sweep.files, (long long)sweep.containers, (long long)sweep.images,
	    (long long)sweep.errors);
}
