#ifndef KABUTO_BACKUP_H
#define KABUTO_BACKUP_H
/*
 * kabutoctl backup: the database and the files that belong to it, as one file (manifest.h), while
 * the service runs.
 */
#include "ctl.h"

ctl_command backup;

#endif
