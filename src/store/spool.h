#ifndef KABUTO_SPOOL_H
#define KABUTO_SPOOL_H
/*
 * The state directory: where each thing lies, and how it gets there whole.
 *
 * What arrives is written below incoming/, flushed, renamed into its place, and only then named by
 * a row. A folder in incoming/ is somebody's as long as its lock is held: who receives an upload
 * holds the lock, and whoever finds a folder without one may remove it, however its owner died.
 */
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "secret.h"

/* A folder of the spooler's own in run/, which is no attempt's. */
#define SPOOL_SANDBOXES "sandboxes"

struct spool {
	const char *path; /* of the state directory, absolute; config's */
	int state;        /* descriptors of the folders */
	int incoming;
	int inbox;
	int logs;
	int results;
	int builds;
	int run; /* -1 but for the spooler */
};

/*
 * Opens the folders. The spooler makes what is missing, with the modes that keep others out
 * (design, section 4); a handler finds them made, or fails with a text that names the spooler.
 */
bool spool_open(struct spool *spool, const struct config *config, bool spooler, struct error *err);
void spool_close(struct spool *spool);

/* The name in results/ of what a token stands for: its "zip", or the "list" of what that holds. */
#define SPOOL_RESULTS_NAME (NAME_TEXT + 8)
const char *spool_results_name(char name[static SPOOL_RESULTS_NAME], const char *token,
    const char *suffix);

/* Renames name in from to new_name in to, and flushes to. */
bool spool_publish(int from, const char *name, int to, const char *new_name, struct error *err);

/*
 * Takes the lock that only one spooler of a state directory can have, or who must be sure that none
 * runs: its descriptor, or -1 with err set. path names the directory in words.
 */
int spool_lock(int state, const char *path, struct error *err);

/*
 * A backup reads which files there are from its copy of the database, and then the files: none may
 * go in between. Who removes published files holds the file "keep" shared for a moment, and a
 * backup holds it alone; so removals never wait, and what a backup keeps is rubbish for a later
 * sweep.
 *
 * spool_keep gives the backup's descriptor, or -1 with err set: ERROR_BUSY where another one runs.
 */
int spool_keep(const struct spool *spool, struct error *err);

/*
 * Removes name, which was published, from dir, with all below it; nothing there is success. *kept
 * (NULL: nobody asks) gets whether it was left for a backup.
 */
bool spool_remove(const struct spool *spool, int dir, const char *name, bool *kept,
    struct error *err);

/* ERROR_NO_SPACE where less than min_free bytes or min_free_inodes inodes are free. */
bool spool_has_room(const struct spool *spool, const struct config *config, struct error *err);

/*
 * Removes what uploads that died have left in incoming/, and files there that are older than
 * before_ms, as they are of a former spooler. *removed gets how many there were. With dry_run it
 * only counts.
 */
bool spool_sweep_incoming(struct spool *spool, int64_t before_ms, bool dry_run, int *removed,
    struct error *err);

#endif
