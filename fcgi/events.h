#ifndef KABUTO_EVENTS_H
#define KABUTO_EVENTS_H
/*
 * Handler of /account/events.
 */
#include "router.h"

handler events_list;

#endif
