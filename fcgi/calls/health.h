#ifndef KABUTO_HEALTH_H
#define KABUTO_HEALTH_H
/*
 * What the service says of itself.
 */
#include "route.h"

handler health_show;

#endif
