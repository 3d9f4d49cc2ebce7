#ifndef KABUTO_VIEWS_H
#define KABUTO_VIEWS_H
/*
 * Shows the results of a job in a browser, below a URL that works without a log-in for an hour.
 */
#include "route.h"

handler views_open, views_show;

#endif
