#ifndef KABUTO_MAINTAIN_H
#define KABUTO_MAINTAIN_H
/*
 * kabutoctl maintain: applies the retention, removes expired rows and files that nothing needs, and
 * tidies the database. It is safe while the service runs, and silent unless something is wrong.
 */
#include "ctl.h"

ctl_command maintain;

#endif
