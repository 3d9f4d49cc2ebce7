#ifndef KABUTO_RERUNS_H
#define KABUTO_RERUNS_H
/*
 * Handlers that run jobs again, as new jobs.
 */
#include "route.h"

handler reruns_job, reruns_pipeline;

extern const struct parameter reruns_job_parameters[], reruns_pipeline_parameters[];

#endif
