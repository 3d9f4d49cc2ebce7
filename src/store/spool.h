#ifndef KABUTO_SPOOL_H
#define KABUTO_SPOOL_H
/*
 * The state directory: its folders and locks, and how files get into it whole.
 *
 * A new file is written below incoming/, flushed, and renamed into its folder; then a row that
 * names it is committed. The process that receives an upload holds a lock on its folder in
 * incoming/. Any process may remove a folder that is not locked: its owner has died.
 */
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "secret.h"

/* A folder in run/ that belongs to the spooler, and not to an attempt. */
#define SPOOL_SANDBOXES "sandboxes"

struct spool {
	const char *path; /* of the state directory, absolute; owned by the config */
	int state;        /* descriptors of the folders */
	int incoming;
	int inbox;
	int logs;
	int results;
	int builds;
	int run; /* -1 if the process is not the spooler */
};

/*
 * Opens the folders. The spooler makes missing folders, with modes that keep others out (design,
 * section 4). Another process fails if a folder is missing, and the error says to start the
 * spooler. On true the caller must call spool_close.
 */
bool spool_open(struct spool *spool, const struct config *config, bool spooler, struct error *err);
void spool_close(struct spool *spool);

/*
 * Writes a token's file name in results/: of the "zip", or of the "list" of its content. Returns
 * name.
 */
#define SPOOL_RESULTS_NAME (NAME_TEXT + 8)
const char *spool_results_name(char name[static SPOOL_RESULTS_NAME], const char *token,
    const char *suffix);

/* Writes the name of an attempt's folder in run/. Returns name. */
#define SPOOL_RUN_NAME 48
const char *spool_run_name(char name[static SPOOL_RUN_NAME], int64_t job, int64_t attempt);

/* Moves name from the folder `from` to the folder `to`, as new_name, and flushes `to`. */
bool spool_publish(int from, const char *name, int to, const char *new_name, struct error *err);

/*
 * Takes the spooler's lock of the state directory. The spooler holds it while it runs; so does a
 * command that needs the spooler stopped. Returns a descriptor, or -1 with err set (ERROR_CONFLICT:
 * another process holds it). path is for the error's text.
 */
int spool_lock(int state, const char *path, struct error *err);

/*
 * Keeps published files during a backup. A backup copies the database first, and then the files
 * that the copy names: no one may remove these in between. So a backup holds an exclusive lock on
 * the file "keep", and spool_remove takes a shared lock for a moment. If it cannot get the lock, it
 * does not wait but leaves the files to a later sweep.
 *
 * Returns the backup's descriptor, or -1 with err set. ERROR_BUSY: another backup runs.
 */
int spool_keep(const struct spool *spool, struct error *err);

/*
 * Removes a published file or folder from dir. Returns true if it does not exist. *kept (may be
 * NULL) gets whether a backup runs and it was not removed.
 */
bool spool_remove(const struct spool *spool, int dir, const char *name, bool *kept,
    struct error *err);

/*
 * Lets only our users and the web server (the folder's group) read the file fd in the folder dir.
 * If a job has changed its owner, mode 0640 would keep us out; 0644 is safe, since no one else may
 * enter the folder. False with errno: it failed.
 */
bool spool_close_to_others(int dir, int fd);

/* Checks the disk. ERROR_NO_SPACE: fewer than min_free bytes or min_free_inodes inodes are free. */
bool spool_has_room(const struct spool *spool, const struct config *config, struct error *err);

/*
 * Removes from incoming/ the folders of uploads whose process died, and files from before
 * before_ms, which a former spooler left. *removed gets their number. With dry_run it only counts
 * them.
 */
bool spool_sweep_incoming(struct spool *spool, int64_t before_ms, bool dry_run, int *removed,
    struct error *err);

#endif
