#ifndef KABUTO_BACKUP_H
#define KABUTO_BACKUP_H
/*
 * kabutoctl backup: writes the database and its files into one file (manifest.h) while the service
 * runs.
 */
#include "ctl.h"

ctl_command backup;

#endif
