#ifndef KABUTO_JOBRUN_H
#define KABUTO_JOBRUN_H
/*
 * One job, from its claim to its end: the steps of design, section 5.
 */
#include <stdint.h>

#include "spooler.h"

/*
 * Works on the running job until it has ended, or the spooler stops. One that is adopted from a
 * spooler that died goes on at the step that its container's state says.
 */
void jobrun(struct worker *worker, int64_t job, bool adopted);

/* The name of an attempt's container. */
#define CONTAINER_NAME 128
const char *jobrun_container(char name[static CONTAINER_NAME], const char *instance, int64_t job,
    int64_t attempt);

#endif
