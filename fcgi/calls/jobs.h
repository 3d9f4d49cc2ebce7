#ifndef KABUTO_JOBS_H
#define KABUTO_JOBS_H
/*
 * Handlers of jobs.
 */
#include "route.h"

handler jobs_create, jobs_list, jobs_show, jobs_kill, jobs_delete, jobs_update;

extern const struct parameter jobs_create_parameters[], jobs_list_parameters[],
    jobs_of_pipeline_parameters[], jobs_update_parameters[], jobs_show_parameters[];

#endif
