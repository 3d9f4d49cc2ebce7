#ifndef KABUTO_DELETION_H
#define KABUTO_DELETION_H
/*
 * Removes deleted jobs: first their files, then their rows. A job whose row is still there is found
 * again, so a crash in between loses nothing.
 */
#include "worker.h"

/*
 * Removes deleted jobs until none is left, a backup keeps their files, or the spooler stops; and
 * then deleted pipelines without jobs. Errors are logged and tried again.
 */
void deletion_run(struct worker *worker);

#endif
