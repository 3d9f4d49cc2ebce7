#ifndef KABUTO_RESTORE_H
#define KABUTO_RESTORE_H
/*
 * kabutoctl restore FILE and kabutoctl verify FILE: the commands that read a backup.
 */
#include "ctl.h"

ctl_command restore;
ctl_command restore_verify;

#endif
