#ifndef KABUTO_CHANGEEVENTS_H
#define KABUTO_CHANGEEVENTS_H
/*
 * Follows all jobs, builds and pipelines of an account: GET /events.
 */
#include "route.h"

extern const struct parameter changeevents_parameters[];
handler changeevents_show;

#endif
