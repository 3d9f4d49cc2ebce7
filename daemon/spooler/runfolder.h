#ifndef KABUTO_RUNFOLDER_H
#define KABUTO_RUNFOLDER_H
/*
 * An attempt's files: its folder in run/, its log, and what they take of the disk.
 */
#include "run.h"

/*
 * The attempt's folder in run/: each has its own, since the next one may begin before the last
 * one's is gone.
 */
#define RUN_FOLDER_NAME 48
const char *runfolder_name(const struct run *run, char name[static RUN_FOLDER_NAME]);

/* Opens it, where it is not open yet. */
bool runfolder_open(struct run *run, struct error *err);

/* Makes it anew, and the log's two files. */
bool runfolder_make(struct run *run, struct error *err);

/* Whether the outbox is over its limit; looked at every few seconds only. */
bool runfolder_outbox_too_large(struct run *run);

/*
 * Whether the files that Kabuto puts into the container, which any user in there may write or root
 * may, are larger than Kabuto makes them: no other limit holds for them.
 */
bool runfolder_own_files_too_large(struct run *run);

/* Notes in the job what the attempt keeps of the disk, for retention by size. */
void runfolder_measure(struct run *run);

#endif
