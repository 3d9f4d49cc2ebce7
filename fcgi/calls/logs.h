#ifndef KABUTO_LOGS_H
#define KABUTO_LOGS_H
/*
 * Handlers of /execution/:job/logs: the logs of running and ended jobs.
 */
#include "route.h"

handler logs_show, logs_range;

extern const struct parameter logs_show_parameters[], logs_range_parameters[];

#endif
