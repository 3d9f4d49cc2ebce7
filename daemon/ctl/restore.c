/*
 * Restores a backup. It is unpacked beside the existing state and checked as a whole. Only then it
 * is renamed to its final place, the database last. An existing database and its files are moved
 * aside and kept.
 */
#include "restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "schema.h"
#include "staging.h"
#include "upkeep.h"
#include "manifest.h"
#include "owner.h"
#include "program.h"
#include "tree.h"
#include "unpack.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define STAMP_TEXT   48

/* Each connection in WAL mode locks these bytes of the database file (sqlite3's os.h). */
#define SQLITE_SHARED_FIRST 0x40000002
#define SQLITE_SHARED_SIZE  510

static const char *const folders[] = { "inbox", "results", "logs", "builds" };
#define FOLDERS (sizeof folders / sizeof folders[0])

/* Runs before owner_become, so that root can name any file. Returns -1 with err. */
static int
restore_open_backup(const char *path, struct error *err)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		error_errno(err, "open the backup '%s'", path);
	return fd;
}

/* True if the unpacked database is not damaged and its version is known. */
static bool
restore_check_database(const char *path, struct error *err)
{
	struct database db;
	bool sound;

	if (!schema_open(&db, path, err))
		return false;
	sound = upkeep_check(&db, false, err);
	connection_close(&db);
	return sound;
}

/* verify FILE */

static bool
restore_check_backup(int fd, const char *folder, struct error *err)
{
	char path[PATH_MAX + sizeof MANIFEST_DATABASE + 1];

	snprintf(path, sizeof path, "%s/%s", folder, MANIFEST_DATABASE);
	return unpack_backup(fd, -1, path, err) && restore_check_database(path, err);
}

int
restore_verify(struct ctl *ctl)
{
	const char *path = ctl->arguments[0], *temporary = getenv("TMPDIR");
	struct error err, ignored;
	cleanup_close int fd = restore_open_backup(path, &err);
	char folder[PATH_MAX];
	bool sound;

	if (fd < 0)
		return ctl_failed(&err);
	snprintf(folder, sizeof folder, "%s/kabuto-verify.XXXXXX",
	    temporary != NULL && temporary[0] == '/' ? temporary : "/tmp");
	if (mkdtemp(folder) == NULL) {
		error_errno(&err, "make a folder '%s'", folder);
		return ctl_failed(&err);
	}
	sound = restore_check_backup(fd, folder, &err);
	(void)tree_remove(AT_FDCWD, folder, &ignored);
	if (sound)
		return EXIT_DONE;
	error_wrap(&err, "the backup '%s'", path);
	return ctl_failed(&err);
}

/* restore */

struct restore {
	const struct ctl *ctl;
	const char *database; /* its final path */
	const char *unpacked; /* its path until then, in the same folder */
	char stamp[STAMP_TEXT];
	struct spool spool;
	struct staging staging;
};

/* No process may have the old database open: it would continue to use the moved file. */
static bool
restore_check_unused(const char *path, struct error *err)
{
	cleanup_close int fd = open(path, O_RDWR | O_CLOEXEC);
	struct flock lock = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = SQLITE_SHARED_FIRST,
		.l_len = SQLITE_SHARED_SIZE };

	if (fd < 0 || fcntl(fd, F_GETLK, &lock) < 0)
		return error_errno(err, "check the database '%s'", path);
	return lock.l_type == F_UNLCK ||
	    error_set(err, ERROR_CONFLICT,
		"the database is in use by process %ld: stop kabuto.fcgi first", (long)lock.l_pid);
}

static bool
restore_check_free(const struct restore *restore, struct error *err)
{
	if (access(restore->database, F_OK) < 0)
		return errno == ENOENT ||
		    error_errno(err, "check the database '%s'", restore->database);
	if (!ctl_has(restore->ctl, CTL_FORCE))
		return error_set(err, ERROR_CONFLICT,
		    "there is a database already: '%s'; --force moves it aside", restore->database);
	return restore_check_unused(restore->database, err);
}

static void
restore_make_stamp(char stamp[static STAMP_TEXT])
{
	int64_t now = clock_now_ms();
	time_t seconds = (time_t)(now / MS_PER_S);
	struct tm utc;
	size_t length;

	gmtime_r(&seconds, &utc);
	length = strftime(stamp, STAMP_TEXT, "before-restore-%Y%m%dT%H%M%S", &utc);
	snprintf(stamp + length, STAMP_TEXT - length, ".%03d", (int)(now % MS_PER_S));
}

/*
 * Creates the four folders in the staging folder. Each gets the group of the same folder in the
 * state directory, and the files in it inherit this group.
 */
static bool
restore_make_folders(struct restore *restore, struct error *err)
{
	for (size_t i = 0; i < FOLDERS; i++) {
		struct stat like;

		if (fstatat(restore->spool.state, folders[i], &like, 0) < 0 ||
		    mkdirat(restore->staging.fd, folders[i], 0700) < 0 ||
		    fchownat(restore->staging.fd, folders[i], (uid_t)-1, like.st_gid, 0) < 0 ||
		    fchmodat(restore->staging.fd, folders[i], 02770, 0) < 0)
			return error_errno(err, "make the folder '%s'", folders[i]);
	}
	return true;
}

static bool
restore_unpack(struct restore *restore, int fd, struct error *err)
{
	if (!restore_make_folders(restore, err))
		return false;
	if (!unpack_backup(fd, restore->staging.fd, restore->unpacked, err) ||
	    !restore_check_database(restore->unpacked, err))
		return error_wrap(err, "the backup '%s'", restore->ctl->arguments[0]);
	/* One call flushes all files. */
	return syncfs(restore->staging.fd) == 0 || error_errno(err, "flush what was unpacked");
}

/*
 * Moves the database aside with the two files that SQLite has beside it, so that it can still be
 * opened. A WAL without a database is moved too, because SQLite would apply it to the restored
 * database.
 */
static bool
restore_move_database_aside(const struct restore *restore, struct error *err)
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		char from[PATH_MAX], to[PATH_MAX];

		snprintf(from, sizeof from, "%s%s", restore->database, suffixes[i]);
		snprintf(to, sizeof to, "%s.%s%s", restore->database, restore->stamp, suffixes[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			return error_errno(err, "move '%s' aside", from);
	}
	return true;
}

/* Moves the files of the old database aside. Without rows the next spooler would remove them. */
static bool
restore_move_files_aside(struct restore *restore, struct error *err)
{
	cleanup_close int aside = -1;
	int state = restore->spool.state;

	if (mkdirat(state, restore->stamp, 0700) < 0)
		return error_errno(err, "make the folder '%s'", restore->stamp);
	aside = openat(state, restore->stamp, FOLDER_FLAGS);
	for (size_t i = 0; i < FOLDERS; i++)
		if (aside < 0 || renameat(state, folders[i], aside, folders[i]) < 0)
			return error_errno(err, "move '%s' aside", folders[i]);
	spool_close(&restore->spool);
	return spool_open(&restore->spool, restore->ctl->config, true, err);
}

static bool
restore_move_aside(struct restore *restore, struct error *err)
{
	bool there = access(restore->database, F_OK) == 0;

	if (!restore_move_database_aside(restore, err))
		return false;
	if (!there)
		return true;
	if (!restore_move_files_aside(restore, err))
		return false;
	fprintf(stderr,
	    "kabutoctl: the old database is kept as '%s.%s', and its files in '%s/%s'\n",
	    restore->database, restore->stamp, restore->spool.path, restore->stamp);
	return true;
}

/* Moves one entry to its final place. Replaces the entry that a failed restore has left. */
static bool
restore_place(int from, const char *name, int to, struct error *err)
{
	if (renameat(from, name, to, name) == 0)
		return true;
	if (!tree_remove(to, name, err))
		return false;
	return renameat(from, name, to, name) == 0 ||
	    error_errno(err, "move '%s' to its final place", name);
}

static bool
restore_place_folder(struct restore *restore, size_t i, struct error *err)
{
	int from = openat(restore->staging.fd, folders[i], FOLDER_FLAGS);
	cleanup_dir DIR *stream = from < 0 ? NULL : fdopendir(from);
	cleanup_close int to = openat(restore->spool.state, folders[i], FOLDER_FLAGS);
	struct dirent *entry;

	if (stream == NULL || to < 0)
		return error_errno(err, "open the folder '%s'", folders[i]);
	while ((entry = tree_next(stream)) != NULL)
		if (!restore_place(from, entry->d_name, to, err))
			return false;
	if (errno != 0)
		return error_errno(err, "read the folder '%s' of the backup", folders[i]);
	return fsync(to) == 0 || error_errno(err, "flush the folder '%s'", folders[i]);
}

static bool
restore_place_database(const struct restore *restore, struct error *err)
{
	cleanup_free char *folder = strdup(restore->database);
	cleanup_close int fd = -1;

	if (rename(restore->unpacked, restore->database) < 0)
		return error_errno(err, "move the database to its final place");
	if (folder == NULL)
		return error_set(err, ERROR_SYSTEM, "flush the database: not enough memory");
	strrchr(folder, '/')[1] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (fd >= 0 && fsync(fd) == 0) || error_errno(err, "flush '%s'", folder);
}

static bool
restore_place_all(struct restore *restore, struct error *err)
{
	for (size_t i = 0; i < FOLDERS; i++)
		if (!restore_place_folder(restore, i, err))
			return false;
	return restore_place_database(restore, err);
}

static bool
restore_unpack_and_place(struct restore *restore, int fd, struct error *err)
{
	bool done = restore_unpack(restore, fd, err) && restore_move_aside(restore, err) &&
	    restore_place_all(restore, err);

	(void)unlink(restore->unpacked);
	staging_discard(&restore->staging, &restore->spool);
	return done;
}

/* The caller holds the lock, so that no spooler can start meanwhile. */
static bool
restore_locked(struct restore *restore, int fd, struct error *err)
{
	const struct config *config = restore->ctl->config;
	cleanup_free char *unpacked = NULL;
	bool done;

	restore_make_stamp(restore->stamp);
	if (asprintf(&unpacked, "%s.restore-%ld", config->database, (long)getpid()) < 0)
		return error_set(err, ERROR_SYSTEM, "restore: not enough memory");
	restore->unpacked = unpacked;
	restore->database = config->database;
	if (!restore_check_free(restore, err) || !spool_open(&restore->spool, config, true, err))
		return false;
	done = staging_open(&restore->staging, &restore->spool, err) &&
	    restore_unpack_and_place(restore, fd, err);
	spool_close(&restore->spool);
	return done;
}

int
restore(struct ctl *ctl)
{
	struct restore state = { .ctl = ctl, .staging = { .fd = -1 } };
	const char *path = ctl->config->state_dir;
	struct error err;
	cleanup_close int fd = restore_open_backup(ctl->arguments[0], &err);
	cleanup_close int folder = -1, lock = -1;

	if (fd < 0 || !owner_become(ctl->config, &err))
		return ctl_failed(&err);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		error_errno(&err, "open the state directory '%s'", path);
		return ctl_failed(&err);
	}
	lock = spool_lock(folder, path, &err);
	if (lock < 0 || !restore_locked(&state, fd, &err))
		return ctl_failed(&err);
	return EXIT_DONE;
}
