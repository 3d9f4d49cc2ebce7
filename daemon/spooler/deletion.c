/*
 * Removes deleted jobs and empty deleted pipelines.
 */
#include "deletion.h"

#include "crash.h"
#include "job.h"
#include "jobfiles.h"
#include "jobstate.h"
#include "log.h"
#include "pipeline.h"
#include "worker.h"

static bool
deletion_erase(struct worker *worker, const struct job *job, struct error *err)
{
	crash_point("delete", "files");
	return jobstate_erase(&worker->db, job, err);
}

static bool
deletion_remove(struct worker *worker, const struct job *job, bool *kept, struct error *err)
{
	struct spool *spool = &worker->spooler->spool;

	return spool_remove(spool, spool->inbox, job->attachment_token, kept, err) &&
	    (*kept || jobfiles_remove_results(spool, job->results_token, kept, err)) &&
	    (*kept || jobfiles_remove_logs(spool, job->id, job->attempt, kept, err)) &&
	    (*kept || deletion_erase(worker, job, err));
}

void
deletion_run(struct worker *worker)
{
	struct job job = { 0 };
	struct error err;
	bool kept = false;
	int tries = 0;

	while (!worker->spooler->stopping) {
		if (!jobstate_next_deleted(&worker->db, &job, &err) ||
		    (job.id != 0 && !deletion_remove(worker, &job, &kept, &err))) {
			log_write(LOG_WARNING, "remove deleted job %lld: %s, trying again",
			    (long long)job.id, err.text);
			job_clear(&job);
			if (!worker_pause(worker, &tries))
				return;
			continue;
		}
		if (job.id == 0)
			break;
		job_clear(&job);
		if (kept)
			return; /* a backup runs: the scheduler calls again */
		tries = 0;
	}
	if (!pipeline_erase_all_empty(&worker->db, &err))
		log_write(LOG_WARNING, "remove deleted pipelines: %s", err.text);
}
