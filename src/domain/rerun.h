#ifndef KABUTO_RERUN_H
#define KABUTO_RERUN_H
/*
 * Running jobs again: each copy is a new job at the end of the old one's pipeline. It has the old
 * job's image, options and attachments, except for those that the call replaces.
 *
 * The copy's attachments are hard links (inbox.h). Each job counts all of its attachments in
 * account.storage and storage_max, as if it had them alone: so the removal of one job changes
 * nothing for the other, and what a backup restores is never more than what was counted. The disk
 * holds a linked file once.
 */
#include "account.h"
#include "attachment.h"
#include "config.h"
#include "database.h"
#include "error.h"
#include "job.h"
#include "pipeline.h"
#include "spool.h"
#include "staging.h"

struct rerun {
	int64_t pipeline;
	/* Writes the new options, resolved, to a copy. It is called for each copy. */
	bool (*apply)(struct job *copy, void *context, struct error *err);
	void *context;
	/* Has the inbox INBOX_STAGED, with the new attachments of rerun_job. */
	const struct staging *staging;
	const struct config *config;
};

/*
 * Copies one job. The list becomes that of all the copy's attachments: at first it has the new
 * ones, each of which replaces one of the same name; `without` has `without_count` names to leave
 * out. submit: queue the copy. *id gets its id.
 *
 * ERROR_NOT_FOUND "Job not found". ERROR_CONFLICT: the image was deleted, or an attachment is no
 * longer stored. ERROR_INPUT: the job has no attachment of a name to leave out. ERROR_TOO_MANY,
 * ERROR_TOO_LARGE: the owner would have too many jobs in queue, or store too much. ERROR_BUSY:
 * another call changed the job at the same time.
 */
bool rerun_job(struct database *db, struct spool *spool, const struct account *viewer,
    const struct rerun *rerun, int64_t job, struct attachments *attachments,
    const char *const *without, size_t without_count, bool submit, int64_t *id, struct error *err);

/*
 * Copies and queues each failed job of the pipeline that has no copy yet, in their order; with
 * out_of_memory only those that failed for that reason. All or none is copied. *ids gets the ids of
 * the copies; the caller frees ids->items. The errors are those of rerun_job, and ERROR_NOT_FOUND
 * "Pipeline not found".
 */
bool rerun_pipeline(struct database *db, struct spool *spool, const struct account *viewer,
    const struct rerun *rerun, bool out_of_memory, struct ids *ids, struct error *err);

#endif
