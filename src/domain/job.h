#ifndef KABUTO_JOB_H
#define KABUTO_JOB_H
/*
 * Jobs: ready -> in_queue -> running -> done | failed, and back in queue by another submit.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "attachment.h"
#include "config.h"
#include "database.h"
#include "error.h"
#include "jobrow.h"
#include "secret.h"
#include "spool.h"
#include "staging.h"

void job_clear(struct job *job);

/* Whether its end has come. */
bool job_ended(const struct job *job);

/*
 * Adds a job (its options resolved, id ignored) to the viewer's pipeline. With attachments, the
 * stage's folder "inbox" holds them and moves into its place. ERROR_NOT_FOUND: no such pipeline or
 * image. ERROR_TOO_LARGE: its owner would store more than storage_max, or than its own limit.
 */
bool job_create(struct database *db, struct spool *spool, const struct account *viewer,
    struct job *job, const struct attachments *attachments, struct staging *staging,
    int64_t storage_max, struct error *err);

/*
 * What of a job is changed: apply gives it its new options, resolved, and may be called twice.
 */
struct job_change {
	int64_t pipeline, id;
	bool (*apply)(struct job *job, void *context, struct error *err);
	void *context;
};

/*
 * Changes a job's options, and gives it attachments besides those that it has, of which one of the
 * same name is replaced; the list gets all of them. former gets the folder of those that it had,
 * which is nobody's after the commit where there are new ones, and the caller's to remove.
 * ERROR_CONFLICT: it is in queue or runs. ERROR_BUSY: another call changed them at the same time.
 */
bool job_update(struct database *db, struct spool *spool, const struct account *viewer,
    const struct job_change *change, struct attachments *attachments, struct staging *staging,
    const struct config *config, char former[static NAME_TEXT], struct error *err);

/* Called for each job, which lasts for the call; false, with err set, ends the list. */
typedef bool job_visit(const struct job *job, void *context, struct error *err);

/*
 * The jobs of a pipeline, which is the viewer's (0: of all that are), by id: those after the id
 * after, of state (NULL: any), at most limit.
 */
bool job_each(struct database *db, const struct account *viewer, int64_t pipeline,
    const char *state, int64_t after, int64_t limit, job_visit *visit, void *context,
    struct error *err);

/*
 * One job, of the pipeline (0: of any); ERROR_NOT_FOUND "Job not found" where it is not the
 * viewer's. *job is the caller's to clear.
 */
bool job_find(struct database *db, const struct account *viewer, int64_t pipeline, int64_t id,
    struct job *job, struct error *err);

/* Reads a job for the spooler; true with job->id == 0: there is none. */
bool job_read(struct database *db, int64_t id, struct job *job, struct error *err);

/* The id of the next job behind the id after, deleted ones left out; 0: there is none. */
bool job_next(struct database *db, int64_t after, int64_t *id, struct error *err);

/* When the job began that has run longest of those that run; INT64_MAX: none does. */
bool job_oldest_start(struct database *db, int64_t *started_at, struct error *err);

/* How many are in each state, in the order of job_states. Looks at each row. */
#define JOB_STATES 5
extern const char *const job_states[JOB_STATES];
bool job_count(struct database *db, int64_t counts[static JOB_STATES], struct error *err);

/* Whether a row has that token, for the sweeps of inbox/ and results/. */
bool job_has_attachment_token(struct database *db, const char *token, bool *has, struct error *err);
bool job_has_results_token(struct database *db, const char *token, bool *has, struct error *err);

#endif
