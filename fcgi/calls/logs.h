#ifndef KABUTO_LOGS_H
#define KABUTO_LOGS_H
/*
 * Logs of jobs, while they run and after.
 */
#include "route.h"

handler logs_show, logs_range;

extern const struct parameter logs_show_parameters[], logs_range_parameters[];

#endif
