#ifndef KABUTO_JOBFILES_H
#define KABUTO_JOBFILES_H
/*
 * Removes the files of a job from the state directory. A file that does not exist counts as
 * removed.
 *
 * *kept is set to true if a backup runs and keeps the files; a later sweep of files removes them if
 * they have no row.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "spool.h"

/* Removes the logs of the attempts 1 to `attempts`, with their indexes and samples of usage. */
bool jobfiles_remove_logs(const struct spool *spool, int64_t job, int64_t attempts, bool *kept,
    struct error *err);

/* Removes the results that a token names. An empty token names none, which is success. */
bool jobfiles_remove_results(const struct spool *spool, const char *token, bool *kept,
    struct error *err);

#endif
