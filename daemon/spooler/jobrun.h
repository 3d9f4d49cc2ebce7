#ifndef KABUTO_JOBRUN_H
#define KABUTO_JOBRUN_H
/*
 * One job, from its claim to its end: the steps of design, section 5.
 */
#include <stdint.h>

#include "worker.h"

/*
 * Works on the running job until it has ended, or the spooler stops. One that is adopted from a
 * spooler that died goes on at the step that its container's state says.
 */
void jobrun(struct worker *worker, int64_t job, bool adopted);

#endif
