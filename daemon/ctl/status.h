#ifndef KABUTO_STATUS_H
#define KABUTO_STATUS_H
/*
 * kabutoctl status: how it goes, and what is wrong.
 */
#include "ctl.h"

ctl_command status;

#endif
