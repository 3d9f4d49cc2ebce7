#ifndef KABUTO_RECOVER_H
#define KABUTO_RECOVER_H
/*
 * Rubbish: files and containers that a process left which died between making a thing and noting
 * it. Jobs themselves need nothing of this: jobrun goes on with them from what it finds.
 */
#include "message.h"
#include "spooler.h"

/* How a look for rubbish goes about it, and what came of it. */
struct sweep {
	bool dry_run; /* nothing is removed, only counted */
	bool measure; /* bytes is asked for */
	/* Called with what was done, and as LOG_WARNING with what could not be. */
	void (*tell)(void *context, enum log_level level, const char *text);
	void *context;
	int64_t removed;
	int64_t bytes;
};

/*
 * Removes files without a row that are older than an hour, and of the spooler's own making those
 * that are older than it (started_ms; 0: the caller is none).
 */
void recover_sweep_files(struct worker *worker, struct sweep *sweep);

/* Removes what builds were made from that have ended. */
void recover_sweep_contexts(struct worker *worker, struct sweep *sweep);

/*
 * Removes containers with our label of which no running attempt is. One that cannot be removed
 * stays until the next time. False where the engine is away.
 */
bool recover_sweep_containers(struct worker *worker, struct sweep *sweep, struct error *err);

/* The spooler's, which tell its log. */
void recover_files(struct worker *worker);
bool recover_containers(struct worker *worker, struct error *err);

/* Removes the files of deleted jobs, and then their rows, until none is left. */
void recover_deleted(struct worker *worker);

/*
 * Removes the logs of a job's attempts, or the results of a token (empty: none); what is not there
 * is success. *kept gets whether a backup keeps them.
 */
bool recover_remove_logs(struct spool *spool, int64_t job, int64_t attempts, bool *kept,
    struct error *err);
bool recover_remove_results(struct spool *spool, const char *token, bool *kept, struct error *err);

#endif
