#ifndef KABUTO_JOB_H
#define KABUTO_JOB_H
/*
 * Jobs: their rows and attachments. jobstate.h has the functions that change their states.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "attachment.h"
#include "config.h"
#include "database.h"
#include "error.h"
#include "joboption.h"
#include "jobrow.h"
#include "secret.h"
#include "spool.h"
#include "staging.h"

void job_clear(struct job *job);

/* Whether the job is done or failed. */
bool job_ended(const struct job *job);

/*
 * Adds a job to the viewer's pipeline, and sets job->id. Its options must be resolved. If it has
 * attachments, the staging folder's folder "inbox" holds them and is moved to inbox/.
 * ERROR_NOT_FOUND: no such pipeline or image. ERROR_TOO_LARGE: its owner would store more than its
 * own limit, or than storage_max if it has none.
 */
bool job_create(struct database *db, struct spool *spool, const struct account *viewer,
    struct job *job, const struct attachments *attachments, struct staging *staging,
    int64_t storage_max, struct error *err);

/*
 * Checks that the viewer may use the job's pipeline, and sets job->account to its owner.
 * ERROR_NOT_FOUND "Pipeline not found": it may not.
 */
bool job_check_pipeline(struct database *db, const struct account *viewer, struct job *job,
    struct error *err);

/*
 * Inserts the rows of a job, whose inbox is published, at the end of its pipeline. Sets job->id.
 * Must be called within a transaction.
 */
bool job_insert(struct database *db, struct job *job, const struct attachments *attachments,
    struct error *err);

/*
 * A change of a job. apply writes the new options, resolved, to the job; it may be called twice.
 */
struct job_change {
	int64_t pipeline, id;
	bool (*apply)(struct job *job, void *context, struct error *err);
	void *context;
};

/*
 * Changes a job's options, and adds attachments; a new one replaces one of the same name. The list
 * gets all attachments, old and new. former gets the token of the old folder: if there are new
 * attachments, the caller must remove that folder after the commit. ERROR_CONFLICT: the job is in
 * queue or running. ERROR_BUSY: another call changed the attachments at the same time.
 */
bool job_update(struct database *db, struct spool *spool, const struct account *viewer,
    const struct job_change *change, struct attachments *attachments, struct staging *staging,
    const struct config *config, char former[static NAME_TEXT], struct error *err);

/*
 * The columns of a SELECT from job, and the function that reads its row (database_visit); context
 * is the struct job. The options come first.
 */
#define JOB_ROW                                                                                    \
	JOBOPTION_COLUMNS                                                                          \
	"id, pipeline, account, image, state, attempt,"                                            \
	" attachment_token, results_token, created_at, queued_at, started_at, start_marked_at,"    \
	" finished_at, response, error, used_cpu, used_memory, used_io, retries_left, retry_at,"   \
	" cancel_requested, deleted, slot, results_size, log_size, results_removed_at,"            \
	" logs_removed_at, first_attempt, position, changed, rerun_of, build,"                     \
	" (SELECT login FROM account WHERE id = job.account),"                                     \
	" (SELECT name FROM image WHERE id = job.image),"                                          \
	" (SELECT name FROM pipeline WHERE id = job.pipeline),"                                    \
	" (SELECT json_group_array(id) FROM (SELECT id FROM job AS copy"                           \
	"   WHERE copy.rerun_of = job.id AND NOT copy.deleted ORDER BY id))"
bool job_take(struct statement *st, void *context, struct error *err);

/*
 * Reads one job of a pipeline (0: of any pipeline). The caller must call job_clear. ERROR_NOT_FOUND
 * "Job not found": it does not exist, or is not the viewer's.
 */
bool job_find(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct job *job, struct error *err);

/* Reads a job of any account. If it does not exist, returns true with job->id == 0. */
bool job_read(struct database *db, int64_t id, struct job *job, struct error *err);

/* *id gets the next id after `after` of a job that is not deleted; 0: no further job. */
bool job_next(struct database *db, int64_t after, int64_t *id, struct error *err);

/* *started_at gets the start of the running job that began first; INT64_MAX: no job runs. */
bool job_oldest_start(struct database *db, int64_t *started_at, struct error *err);

/* Counts the jobs in each state, in the order of job_states. Reads each row. */
#define JOB_STATES 5
extern const char *const job_states[JOB_STATES];
bool job_count(struct database *db, int64_t counts[static JOB_STATES], struct error *err);

/* For the sweeps of inbox/ and results/: set *has to whether a job has this token. */
bool job_has_attachment_token(struct database *db, const char *token, bool *has, struct error *err);
bool job_has_results_token(struct database *db, const char *token, bool *has, struct error *err);

#endif
