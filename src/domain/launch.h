#ifndef KABUTO_LAUNCH_H
#define KABUTO_LAUNCH_H
/*
 * Launches: a job that is made and put in queue by one call, with the pipeline and the build that
 * it needs. All of it is one transaction. A job whose image must be built first waits for the build
 * (jobwait.h).
 */
#include "attachment.h"
#include "build.h"
#include "config.h"
#include "database.h"
#include "error.h"
#include "job.h"
#include "spool.h"
#include "staging.h"

#define LAUNCH_NAME "run" /* of a new pipeline or image, if the job has no name */

struct launch {
	const struct account *viewer; /* the account that calls */
	const struct config *config;
	struct spool *spool;
	struct staging *staging; /* its folder "inbox" has the attachments, if there are any */
	const struct attachments *attachments;
	/*
	 * What the image is made of, with its hash, and without viewer, image and name; its context
	 * is in the staging, too. It is built only if the pipeline's owner has no such image, or if
	 * nocache is set. NULL: job->image is used.
	 */
	const struct build_request *build;
	struct job *job; /* its options, resolved, its image, and its pipeline; 0: a new one */
};

/*
 * Makes the job at the end of its pipeline. Queues it, or makes it wait for its build; pipeline and
 * image belong to the same account. Sets the job's id, pipeline, image, and build (0: it is in
 * queue). ERROR_BUSY: another call changed the image meanwhile. ERROR_NOT_FOUND: no such pipeline
 * or image. ERROR_TOO_MANY: the owner would have more than queued_max jobs in queue, or too many
 * builds. ERROR_TOO_LARGE: the owner would store more than it may.
 */
bool launch_create(struct database *db, const struct launch *launch, struct error *err);

#endif
