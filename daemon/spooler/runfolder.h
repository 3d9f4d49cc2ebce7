#ifndef KABUTO_RUNFOLDER_H
#define KABUTO_RUNFOLDER_H
/*
 * An attempt's files: its folder in run/, its log, and their size on the disk.
 */
#include "run.h"

/*
 * Writes the name of the attempt's folder in run/ and returns it. Each attempt has its own folder,
 * because the next attempt may begin before the last folder is removed.
 */
const char *runfolder_name(const struct run *run, char name[static SPOOL_RUN_NAME]);

/* Opens the folder if it is not open. */
bool runfolder_open(struct run *run, struct error *err);

/* Creates the folder, empty, and the log's two files. */
bool runfolder_make(struct run *run, struct error *err);

/* Whether the outbox is over its limit. Measures it every few seconds only; otherwise false. */
bool runfolder_outbox_too_large(struct run *run);

/*
 * Whether a file that Kabuto puts into the container is larger than Kabuto makes it. Any user in
 * the container, or root, may write to these files, and no other limit applies to them.
 */
bool runfolder_own_files_too_large(struct run *run);

/* Records in the job how much disk space the attempt keeps, for retention by size. */
void runfolder_measure(struct run *run);

#endif
