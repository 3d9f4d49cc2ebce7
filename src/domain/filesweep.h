#ifndef KABUTO_FILESWEEP_H
#define KABUTO_FILESWEEP_H
/*
 * The sweep of files: removes from the state directory what a process left there that died between
 * making a file and writing its row. The spooler and kabutoctl do it; it knows nothing of the
 * engine.
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
	const atomic_bool *stop; /* the sweep ends when it is set; NULL: nothing ends it */
	bool dry_run;            /* counts and removes nothing */
	bool measure;            /* counts bytes too, which takes a walk through each folder */
	/* Is called with what was removed (LOG_INFO) and with what failed (LOG_WARNING). */
	void (*tell)(void *context, enum log_level level, const char *text);
	void *context;
	/* The sweep adds to these. */
	int64_t removed; /* files, and folders with all that is in them */
	int64_t bytes;
};

/*
 * Removes files without a row that are older than an hour. Of what only spoolers make, and of
 * unfinished uploads, it removes also what is younger and older than the calling spooler. What
 * cannot be looked up or removed is told, and stays until the next sweep.
 */
void filesweep_run(struct filesweep *sweep);

/* Removes the contexts and checkouts of builds that have ended, if they are older than an hour. */
void filesweep_contexts(struct filesweep *sweep);

#endif
