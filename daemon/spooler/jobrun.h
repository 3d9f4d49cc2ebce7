#ifndef KABUTO_JOBRUN_H
#define KABUTO_JOBRUN_H
/*
 * Runs one job, from its claim to its end: the steps of design, section 5.
 */
#include <stdint.h>

#include "worker.h"

/*
 * Works on the running job until it has ended or the spooler stops. adopted: the job was started by
 * a former spooler; then the state of its container decides at which step it continues.
 */
void jobrun(struct worker *worker, int64_t job, bool adopted);

#endif
