#ifndef KABUTO_FILESWEEP_H
#define KABUTO_FILESWEEP_H
/*
 * The sweep of files. It removes files from the state directory that have no row, since a process
 * died after it made the file and before it wrote the row. The spooler and kabutoctl run it. It
 * does not use the engine.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "log.h"
#include "spool.h"

struct filesweep {
	/* The caller sets these. */
	struct spool *spool;
	struct database *db;
	int64_t started_ms;      /* when the calling spooler began; 0: the caller is no spooler */
	const atomic_bool *stop; /* if it becomes true, the sweep ends; may be NULL */
	bool dry_run;            /* only counts */
	bool measure;            /* also counts bytes, which must read each folder */
	/* Gets a text for each removal (LOG_INFO) and for each failure (LOG_WARNING). */
	void (*tell)(void *context, enum log_level level, const char *text);
	void *context;
	/* The sweep adds to these. */
	int64_t removed; /* files, and folders with all that is in them */
	int64_t bytes;
};

/*
 * Removes files without a row that are older than an hour. Unfinished uploads and files that only
 * spoolers make are also removed if they are older than the calling spooler. If a check or a
 * removal fails, calls tell; the next sweep tries again.
 */
void filesweep_run(struct filesweep *sweep);

/* Removes the contexts and checkouts of builds that have ended, if they are older than an hour. */
void filesweep_contexts(struct filesweep *sweep);

#endif
