#ifndef KABUTO_HEALTH_H
#define KABUTO_HEALTH_H
/*
 * The handler of /healthz.
 */
#include "route.h"

handler health_show;

#endif
