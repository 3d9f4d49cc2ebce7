#ifndef KABUTO_MAINTAIN_H
#define KABUTO_MAINTAIN_H
/*
 * kabutoctl maintain: retention, rubbish among the files, what has expired, and the database's own
 * tidying.
 * Safe beside a running service, and quiet unless something is wrong.
 */
#include "ctl.h"

ctl_command maintain;

#endif
