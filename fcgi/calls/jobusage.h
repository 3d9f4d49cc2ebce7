#ifndef KABUTO_JOBUSAGE_H
#define KABUTO_JOBUSAGE_H
/*
 * Sends the samples of what a job has used over time.
 */
#include "parameter.h"
#include "route.h"

extern const struct parameter jobusage_parameters[];
handler jobusage_show;

#endif
