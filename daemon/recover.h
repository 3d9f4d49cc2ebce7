#ifndef KABUTO_RECOVER_H
#define KABUTO_RECOVER_H
/*
 * Rubbish: files and containers that a process left which died between making a thing and noting
 * it. Jobs themselves need nothing of this: jobrun goes on with them from what it finds.
 */
#include "job.h"
#include "spooler.h"

/*
 * Removes files without a row: of the spooler's own making those that are older than it, since what
 * it makes itself gets its row later; of the handlers' those that are older than an hour.
 */
void recover_files(struct worker *worker);

/* Removes the files of deleted jobs, and then their rows, until none is left. */
void recover_deleted(struct worker *worker);

/* Removes the logs of all attempts of a job, or its results; what is not there is success. */
bool recover_remove_logs(struct spool *spool, const struct job *job, struct error *err);
bool recover_remove_results(struct spool *spool, const struct job *job, struct error *err);

/*
 * Removes containers with our label of which no running attempt is. One that cannot be removed
 * stays until the next time. False where the engine is away.
 */
bool recover_containers(struct worker *worker, struct error *err);

#endif
