#ifndef KABUTO_EVENTS_H
#define KABUTO_EVENTS_H
/*
 * The handler of /account/events.
 */
#include "route.h"

handler events_list;

#endif
