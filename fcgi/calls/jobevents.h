#ifndef KABUTO_JOBEVENTS_H
#define KABUTO_JOBEVENTS_H
/*
 * Follows one job: GET /execution/<job>/events.
 */
#include "route.h"

extern const struct parameter jobevents_parameters[];
handler jobevents_show;

#endif
