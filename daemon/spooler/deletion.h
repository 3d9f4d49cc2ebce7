#ifndef KABUTO_DELETION_H
#define KABUTO_DELETION_H
/*
 * Removes deleted jobs: first their files, then their rows. After a crash the row still exists, so
 * the job is found again and nothing is lost.
 */
#include "worker.h"

/*
 * Removes deleted jobs until none is left, a backup keeps their files, or the spooler stops. Then
 * removes deleted pipelines that have no jobs. Errors are logged; the next call tries again.
 */
void deletion_run(struct worker *worker);

#endif
