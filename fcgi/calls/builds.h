#ifndef KABUTO_BUILDS_H
#define KABUTO_BUILDS_H
/*
 * Handlers of builds of images.
 */
#include "route.h"

handler builds_list, builds_show, builds_cancel;

extern const struct parameter builds_list_parameters[], builds_show_parameters[];

#endif
