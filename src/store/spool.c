/*
 * The folders of the state directory, its locks, and the check for free space.
 */
#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "quantity.h"
#include "take.h"
#include "tree.h"
#include "write.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define KEEP_WAIT_MS 30000 /* a removal takes much less */
#define KEEP_POLL_MS 20

/*
 * The folders, with the modes that say who may enter. Their group is kabuto-web, by the setgid bit
 * of the state directory.
 */
static const struct {
	const char *name;
	mode_t mode;
	size_t offset;
	bool web_server; /* the web server itself sends files from it */
	bool spooler_only;
} folders[] = {
	{ "incoming", 02770, offsetof(struct spool, incoming), false, false },
	{ "inbox", 02770, offsetof(struct spool, inbox), false, false },
	{ "builds", 02770, offsetof(struct spool, builds), false, false },
	{ "logs", 02750, offsetof(struct spool, logs), true, false },
	{ "results", 02750, offsetof(struct spool, results), true, false },
	{ "run", 0700, offsetof(struct spool, run), false, true },
};
#define FOLDERS (sizeof folders / sizeof folders[0])

static int *
spool_folder_fd(struct spool *spool, size_t i)
{
	return (int *)((char *)spool + folders[i].offset);
}

/*
 * Makes a folder, and sets its mode and group. A folder that exists gets them too, since an earlier
 * start may have been killed before it set them.
 */
static bool
spool_folder_make(struct spool *spool, size_t i, const struct config *config, struct error *err)
{
	const char *name = folders[i].name;
	struct stat st;

	if (mkdirat(spool->state, name, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "make the folder '%s/%s'", spool->path, name);
	if (folders[i].web_server) {
		struct group *group = getgrnam(config->web_server_group);

		if (group == NULL)
			return error_set(err, ERROR_SYSTEM,
			    "web_server_group: the group '%s' does not exist",
			    config->web_server_group);
		if (fstatat(spool->state, name, &st, 0) == 0 && st.st_gid != group->gr_gid &&
		    fchownat(spool->state, name, (uid_t)-1, group->gr_gid, 0) < 0)
			return error_errno(err,
			    "give '%s/%s' to the group '%s' (the spooler's user must be a member)",
			    spool->path, name, config->web_server_group);
	}
	if (fchmodat(spool->state, name, folders[i].mode, 0) < 0)
		return error_errno(err, "set the mode of '%s/%s'", spool->path, name);
	return true;
}

/* Both our users open "keep". The spooler makes it, so that a full disk cannot stop a removal. */
static int
spool_open_keep(const struct spool *spool)
{
	return openat(spool->state, "keep", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0660);
}

static bool
spool_make_keep(const struct spool *spool, struct error *err)
{
	cleanup_close int fd = spool_open_keep(spool);

	return fd >= 0 || error_errno(err, "make the file '%s/keep'", spool->path);
}

static void
spool_reset(struct spool *spool)
{
	spool->state = -1;
	for (size_t i = 0; i < FOLDERS; i++)
		*spool_folder_fd(spool, i) = -1;
}

bool
spool_open(struct spool *spool, const struct config *config, bool spooler, struct error *err)
{
	spool_reset(spool);
	spool->path = config->state_dir;
	spool->state = open(config->state_dir, FOLDER_FLAGS);
	if (spool->state < 0)
		return error_errno(err, "open the state directory '%s'", config->state_dir);
	for (size_t i = 0; i < FOLDERS; i++) {
		if (folders[i].spooler_only && !spooler)
			continue;
		if (spooler && !spool_folder_make(spool, i, config, err))
			goto undo;
		*spool_folder_fd(spool, i) = openat(spool->state, folders[i].name, FOLDER_FLAGS);
		if (*spool_folder_fd(spool, i) < 0) {
			if (errno == ENOENT)
				error_set(err, ERROR_BUSY,
				    "the state directory is not set up yet: start kabuto-spooler");
			else
				error_errno(err, "open the folder '%s/%s'", spool->path,
				    folders[i].name);
			goto undo;
		}
	}
	if (spooler && !spool_make_keep(spool, err))
		goto undo;
	return true;
undo:
	spool_close(spool);
	return false;
}

void
spool_close(struct spool *spool)
{
	if (spool->state >= 0)
		(void)close(spool->state);
	for (size_t i = 0; i < FOLDERS; i++)
		if (*spool_folder_fd(spool, i) >= 0)
			(void)close(*spool_folder_fd(spool, i));
	spool_reset(spool);
}

const char *
spool_results_name(char name[static SPOOL_RESULTS_NAME], const char *token, const char *suffix)
{
	snprintf(name, SPOOL_RESULTS_NAME, "%s.%s", token, suffix);
	return name;
}

const char *
spool_run_name(char name[static SPOOL_RUN_NAME], int64_t job, int64_t attempt)
{
	snprintf(name, SPOOL_RUN_NAME, "%lld.%lld", (long long)job, (long long)attempt);
	return name;
}

bool
spool_publish(int from, const char *name, int to, const char *new_name, struct error *err)
{
	if (renameat(from, name, to, new_name) < 0 || fsync(to) < 0)
		return error_errno(err, "move '%s' into its folder", new_name);
	return true;
}

int
spool_lock(int state, const char *path, struct error *err)
{
	cleanup_close int fd =
	    openat(state, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	char pid[32] = "";

	if (fd < 0) {
		error_errno(err, "open '%s/lock'", path);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)!read(fd, pid, sizeof pid - 1);
		error_set(err, ERROR_CONFLICT, "a spooler runs on '%s': pid %.*s; stop it first",
		    path, (int)strcspn(pid, "\n"), pid);
		return -1;
	}
	snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || !write_whole(fd, pid, strlen(pid))) {
		error_errno(err, "write '%s/lock'", path);
		return -1;
	}
	return take_fd(&fd);
}

int
spool_keep(const struct spool *spool, struct error *err)
{
	cleanup_close int fd = spool_open_keep(spool);
	int64_t deadline = clock_monotonic_ms() + KEEP_WAIT_MS;

	if (fd < 0) {
		error_errno(err, "open '%s/keep'", spool->path);
		return -1;
	}
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			error_errno(err, "lock '%s/keep'", spool->path);
			return -1;
		}
		if (clock_monotonic_ms() > deadline) {
			error_set(err, ERROR_BUSY,
			    "another backup runs; try again when it is done");
			return -1;
		}
		(void)poll(NULL, 0, KEEP_POLL_MS);
	}
	return take_fd(&fd);
}

bool
spool_remove(const struct spool *spool, int dir, const char *name, bool *kept, struct error *err)
{
	cleanup_close int keep = spool_open_keep(spool);
	bool held;

	if (keep < 0)
		return error_errno(err, "open '%s/keep'", spool->path);
	held = flock(keep, LOCK_SH | LOCK_NB) < 0;
	if (held && errno != EWOULDBLOCK)
		return error_errno(err, "lock '%s/keep'", spool->path);
	if (!held && !tree_remove(dir, name, err))
		return false;
	if (kept != NULL)
		*kept = held;
	return true;
}

bool
spool_close_to_others(int dir, int fd)
{
	struct stat folder, file;

	if (fstat(dir, &folder) < 0 || fstat(fd, &file) < 0)
		return false;
	(void)fremovexattr(fd, "system.posix_acl_access");
	return fchmod(fd, file.st_uid == geteuid() && file.st_gid == folder.st_gid ? 0640 : 0644) ==
	    0;
}

bool
spool_has_room(const struct spool *spool, const struct config *config, struct error *err)
{
	char floor[QUANTITY_TEXT];
	struct statvfs fs;

	if (fstatvfs(spool->state, &fs) < 0)
		return error_errno(err, "read the free space of '%s'", spool->path);
	if ((double)fs.f_bavail * (double)fs.f_frsize < (double)config->min_free)
		return error_set(err, ERROR_NO_SPACE,
		    "less than %s of disk free; delete jobs that you no longer need, or ask the operator",
		    quantity_format_bytes(config->min_free, floor));
	/* Filesystems without a fixed number of inodes (btrfs) report 0 files. */
	if (fs.f_files > 0 && (int64_t)fs.f_favail < config->min_free_inodes)
		return error_set(err, ERROR_NO_SPACE,
		    "fewer than %lld inodes free; delete jobs that you no longer need, or ask the operator",
		    (long long)config->min_free_inodes);
	return true;
}

/*
 * Whether no process holds the lock of the folder `name`. If so, *held is a descriptor that holds
 * it. A file has no lock: only a spooler makes one, and it is abandoned if it is from before
 * before_ms.
 */
static bool
spool_abandoned(int incoming, const char *name, int64_t before_ms, int *held)
{
	struct stat st;

	*held = openat(incoming, name, FOLDER_FLAGS | O_NOFOLLOW);
	if (*held >= 0)
		return flock(*held, LOCK_EX | LOCK_NB) == 0;
	return fstatat(incoming, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
	    clock_timespec_ms(&st.st_ctim) < before_ms;
}

bool
spool_sweep_incoming(struct spool *spool, int64_t before_ms, bool dry_run, int *removed,
    struct error *err)
{
	int fd = openat(spool->incoming, ".", FOLDER_FLAGS);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	*removed = 0;
	if (stream == NULL)
		return error_errno(err, "read incoming/");
	while ((entry = tree_next(stream)) != NULL) {
		/* Holds the lock until the folder is removed, so that no one takes it for a new
		 * folder. */
		cleanup_close int held = -1;

		if (entry->d_name[0] == '.' ||
		    !spool_abandoned(spool->incoming, entry->d_name, before_ms, &held))
			continue;
		if (!dry_run && !tree_remove(spool->incoming, entry->d_name, err))
			return false;
		(*removed)++;
	}
	return errno == 0 || error_errno(err, "read incoming/");
}
