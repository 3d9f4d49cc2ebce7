#ifndef KABUTO_LAUNCH_H
#define KABUTO_LAUNCH_H
/*
 * Launches: a job that is made and put in queue by one call, with the pipeline that it needs. All
 * of it is one transaction.
 */
#include "attachment.h"
#include "config.h"
#include "database.h"
#include "error.h"
#include "job.h"
#include "spool.h"
#include "staging.h"

#define LAUNCH_NAME "run" /* of a new pipeline, if the job has no name */

struct launch {
	const struct account *viewer; /* the account that calls */
	const struct config *config;
	struct spool *spool;
	struct staging *staging; /* its folder "inbox" has the attachments, if there are any */
	const struct attachments *attachments;
	struct job *job; /* its options, resolved, its image, and its pipeline; 0: a new one */
};

/*
 * Makes the job at the end of its pipeline, and queues it. Sets job->id and job->pipeline.
 * ERROR_NOT_FOUND: no such pipeline or image. ERROR_TOO_MANY: the pipeline's owner would have more
 * than queued_max jobs in queue. ERROR_TOO_LARGE: the owner would store more than it may.
 */
bool launch_create(struct database *db, const struct launch *launch, struct error *err);

#endif
