#ifndef KABUTO_RESTORE_H
#define KABUTO_RESTORE_H
/*
 * kabutoctl restore and verify FILE: what a backup is for.
 */
#include "ctl.h"

ctl_command restore;
ctl_command restore_verify;

#endif
