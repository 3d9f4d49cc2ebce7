#ifndef KABUTO_STATUS_H
#define KABUTO_STATUS_H
/*
 * kabutoctl status: shows the state of the service, and what is wrong.
 */
#include "ctl.h"

ctl_command status;

#endif
