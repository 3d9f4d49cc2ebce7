/*
 * Writes a backup: the database as it was at one moment, and the files that it names. The backup
 * holds the lock "keep" from before the copy of the database until the last file is written, so
 * that no file is removed meanwhile.
 *
 * The calling user, possibly root, opens the target. A child process then becomes the owner of the
 * state directory and reads it.
 */
#include "backup.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attachment.h"
#include "build.h"
#include "cleanup.h"
#include "clock.h"
#include "schema.h"
#include "staging.h"
#include "upkeep.h"
#include "job.h"
#include "joblog.h"
#include "manifest.h"
#include "program.h"
#include "tree.h"

#define BLOCK      65536
#define DEPTH_MOST 500

struct pack {
	struct archive *archive;
	struct archive_entry *entry;
	struct spool *spool;
	struct database db; /* the copy of the database */
	struct manifest manifest;
	char *block;
	struct error *err;
};

static bool
backup_failed(struct pack *pack)
{
	errno = archive_errno(pack->archive);
	if (errno != 0)
		return error_errno(pack->err, "write the backup");
	return error_set(pack->err, ERROR_SYSTEM, "write the backup: %s",
	    archive_error_string(pack->archive));
}

static bool
backup_put_header(struct pack *pack, const char *name, const struct stat *st)
{
	archive_entry_clear(pack->entry);
	archive_entry_set_pathname(pack->entry, name);
	archive_entry_set_filetype(pack->entry, S_ISDIR(st->st_mode) ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(pack->entry, st->st_mode & 0777);
	archive_entry_set_mtime(pack->entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(pack->entry, S_ISDIR(st->st_mode) ? 0 : st->st_size);
	manifest_begin(&pack->manifest);
	return archive_write_header(pack->archive, pack->entry) >= ARCHIVE_WARN ||
	    backup_failed(pack);
}

static bool
backup_put_data(struct pack *pack, const void *data, size_t length)
{
	manifest_update(&pack->manifest, data, length);
	return archive_write_data(pack->archive, data, length) >= 0 || backup_failed(pack);
}

/* Writes left bytes of fd. If the file has become shorter, as a log may, zeros fill the rest. */
static bool
backup_put_content(struct pack *pack, int fd, int64_t left, const char *name)
{
	while (left > 0) {
		size_t piece = left < BLOCK ? (size_t)left : BLOCK;
		ssize_t length = read(fd, pack->block, piece);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_errno(pack->err, "read '%s'", name);
		if (length == 0) {
			memset(pack->block, 0, piece);
			length = (ssize_t)piece;
		}
		if (!backup_put_data(pack, pack->block, (size_t)length))
			return false;
		left -= length;
	}
	return true;
}

/*
 * Writes the file path in dir as the member name. A missing file is left out and is no error, since
 * the other files are still worth keeping. If the file is required, a message reports it.
 */
static bool
backup_put_file(struct pack *pack, int dir, const char *path, const char *name, bool required)
{
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		if (required)
			fprintf(stderr,
			    "kabutoctl: %s is missing, so the backup does not contain it\n", name);
		return true;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(pack->err, "read '%s'", name);
	if (!S_ISREG(st.st_mode))
		return error_set(pack->err, ERROR_SYSTEM, "'%s' is not a file", name);
	return backup_put_header(pack, name, &st) &&
	    backup_put_content(pack, fd, st.st_size, name) &&
	    manifest_end(&pack->manifest, name, pack->err);
}

/* Writes a folder and everything in it. */
static bool
backup_put_folder(struct pack *pack, int dir, const char *path, const char *name, int depth)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char below[PATH_MAX];
	struct stat st;
	bool done;

	if (stream == NULL || fstat(fd, &st) < 0)
		return error_errno(pack->err, "read '%s'", name);
	if (depth > DEPTH_MOST)
		return error_set(pack->err, ERROR_SYSTEM, "the path of '%s' is too long", name);
	snprintf(below, sizeof below, "%s/", name);
	if (!backup_put_header(pack, below, &st) ||
	    !manifest_end(&pack->manifest, below, pack->err))
		return false;
	while ((entry = tree_next(stream)) != NULL) {
		if (snprintf(below, sizeof below, "%s/%s", name, entry->d_name) >=
		    (int)sizeof below)
			return error_set(pack->err, ERROR_SYSTEM, "the path of '%s' is too long",
			    name);
		done = tree_is_folder(fd, entry->d_name)
		    ? backup_put_folder(pack, fd, entry->d_name, below, depth + 1)
		    : backup_put_file(pack, fd, entry->d_name, below, true);
		if (!done)
			return false;
	}
	return errno == 0 || error_errno(pack->err, "read '%s'", name);
}

static bool
backup_put_attachments(struct pack *pack, const struct job *job)
{
	struct attachments list;
	char path[PATH_MAX], name[PATH_MAX + 8];
	bool done = true;

	if (!attachment_list(&pack->db, job->id, &list, pack->err))
		return false;
	for (size_t i = 0; done && i < list.count; i++) {
		snprintf(path, sizeof path, "%s/%s", job->attachment_token, list.items[i].name);
		snprintf(name, sizeof name, "inbox/%s", path);
		done = backup_put_file(pack, pack->spool->inbox, path, name, true);
	}
	attachment_clear(&list);
	return done;
}

/* Not required: retention may have removed the logs of earlier attempts. */
static bool
backup_put_logs(struct pack *pack, const struct job *job)
{
	bool done = true;

	for (int64_t attempt = 1; attempt <= job->attempt; attempt++)
		for (size_t i = 0; done && i < JOBLOG_FILES; i++) {
			char path[JOBLOG_NAME], name[JOBLOG_NAME + 8];

			joblog_name(path, job->id, attempt, joblog_suffixes[i]);
			snprintf(name, sizeof name, "logs/%s", path);
			done = backup_put_file(pack, pack->spool->logs, path, name, false);
		}
	return done;
}

static bool
backup_put_results(struct pack *pack, const struct job *job, const char *suffix)
{
	char path[SPOOL_RESULTS_NAME], name[SPOOL_RESULTS_NAME + 8];

	snprintf(name, sizeof name, "results/%s",
	    spool_results_name(path, job->results_token, suffix));
	return backup_put_file(pack, pack->spool->results, path, name, true);
}

static bool
backup_put_job(struct pack *pack, const struct job *job)
{
	return backup_put_attachments(pack, job) &&
	    (job->results_token[0] == '\0' ||
		(backup_put_results(pack, job, "zip") && backup_put_results(pack, job, "list"))) &&
	    backup_put_logs(pack, job);
}

static bool
backup_put_jobs(struct pack *pack)
{
	int64_t id = 0;

	for (;;) {
		struct job job;
		bool done;

		if (!job_next(&pack->db, id, &id, pack->err))
			return false;
		if (id == 0)
			return true;
		if (!job_read(&pack->db, id, &job, pack->err))
			return false;
		done = backup_put_job(pack, &job);
		job_clear(&job);
		if (!done)
			return false;
	}
}

/* Writes the output of a build that has ended, or the context of a pending build. */
static bool
backup_put_build(struct pack *pack, int64_t id, bool pending)
{
	char folder[48], name[64];
	cleanup_close int fd = -1;
	struct stat st;

	snprintf(name, sizeof name, "builds/%lld/", (long long)id);
	snprintf(folder, sizeof folder, "%lld", (long long)id);
	fd = openat(pack->spool->builds, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(pack->err, "read '%s'", name);
	if (!backup_put_header(pack, name, &st) || !manifest_end(&pack->manifest, name, pack->err))
		return false;
	snprintf(name, sizeof name, "builds/%s/%s", folder, pending ? BUILD_CONTEXT : BUILD_OUTPUT);
	if (!pending)
		return backup_put_file(pack, fd, BUILD_OUTPUT, name, false);
	return faccessat(fd, BUILD_CONTEXT, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
	    backup_put_folder(pack, fd, BUILD_CONTEXT, name, 0);
}

static bool
backup_put_builds(struct pack *pack)
{
	int64_t id = 0;
	bool pending;

	for (;;) {
		if (!build_next(&pack->db, id, &id, &pending, pack->err))
			return false;
		if (id == 0)
			return true;
		if (!backup_put_build(pack, id, pending))
			return false;
	}
}

static bool
backup_put_manifest(struct pack *pack)
{
	const struct stat st = { .st_mode = S_IFREG | 0600,
		.st_size = (off_t)pack->manifest.length,
		.st_mtim = { .tv_sec = (time_t)(clock_now_ms() / MS_PER_S) } };
	struct manifest *manifest = &pack->manifest;

	return backup_put_header(pack, MANIFEST_NAME, &st) &&
	    (archive_write_data(pack->archive, manifest->text, manifest->length) >= 0 ||
		backup_failed(pack));
}

/* Writes the whole backup to the descriptor to. The folder staging contains the database copy. */
static bool
backup_put_all(struct pack *pack, int staging, int to)
{
	/* Without BINARY, libarchive would change names to Unicode's form C. */
	return (archive_write_set_format_pax(pack->archive) == ARCHIVE_OK || backup_failed(pack)) &&
	    (archive_write_set_options(pack->archive, "pax:hdrcharset=BINARY") == ARCHIVE_OK ||
		backup_failed(pack)) &&
	    (archive_write_open_fd(pack->archive, to) == ARCHIVE_OK || backup_failed(pack)) &&
	    backup_put_file(pack, staging, MANIFEST_DATABASE, MANIFEST_DATABASE, true) &&
	    backup_put_jobs(pack) && backup_put_builds(pack) && backup_put_manifest(pack) &&
	    (archive_write_close(pack->archive) == ARCHIVE_OK || backup_failed(pack));
}

static bool
backup_pack_state(struct spool *spool, const struct staging *staging, const char *copy, int to,
    struct error *err)
{
	cleanup_free char *block = malloc(BLOCK);
	struct pack pack = { archive_write_new(), archive_entry_new(), spool, { 0 }, { 0 }, block,
		err };
	bool done = false;

	if (pack.archive == NULL || pack.entry == NULL || block == NULL) {
		error_set(err, ERROR_SYSTEM, "write the backup: not enough memory");
	} else if (schema_open(&pack.db, copy, err)) {
		/* A damaged database must not replace a good backup. */
		done = upkeep_check(&pack.db, true, err) && backup_put_all(&pack, staging->fd, to);
		connection_close(&pack.db);
	}
	manifest_clear(&pack.manifest);
	archive_entry_free(pack.entry);
	archive_write_free(pack.archive);
	return done;
}

static bool
backup_copy_and_pack(const struct ctl *ctl, struct spool *spool, struct database *db, int to,
    struct error *err)
{
	cleanup_close int keep = spool_keep(spool, err);
	struct staging staging = { .fd = -1 };
	char copy[PATH_MAX];
	bool done;

	if (keep < 0 || !staging_open(&staging, spool, err))
		return false;
	snprintf(copy, sizeof copy, "%s/incoming/%s/%s", ctl->config->state_dir, staging.name,
	    MANIFEST_DATABASE);
	done = upkeep_copy(db, copy, err) && backup_pack_state(spool, &staging, copy, to, err);
	staging_discard(&staging, spool);
	return done;
}

/* Runs in the child process. */
static int
backup_write(const struct ctl *ctl, int to, pid_t parent)
{
	struct database db;
	struct spool spool;
	struct error err;
	bool done;

	if (!ctl_open(ctl, &spool, &db, &err))
		return ctl_failed(&err);
	/* After the change of user, which would reset it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() != parent)
		return EXIT_FAILED;
	done = backup_copy_and_pack(ctl, &spool, &db, to, &err);
	connection_close(&db);
	spool_close(&spool);
	return done ? EXIT_DONE : ctl_failed(&err);
}

/* The file of the backup. It has the name part until it is complete. */
struct target {
	int folder, fd;
	char part[NAME_MAX + 1];
	const char *name; /* in folder; NULL for the standard output */
};

static bool
backup_target_open(struct target *target, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *folder = NULL;

	*target = (struct target){ .folder = -1, .fd = STDOUT_FILENO };
	if (strcmp(path, "-") == 0)
		return !isatty(STDOUT_FILENO) ||
		    error_set(err, ERROR_INPUT,
			"a backup is not text: name a FILE, or redirect the output");
	target->name = slash == NULL ? path : slash + 1;
	folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	if (target->name[0] == '\0' ||
	    snprintf(target->part, sizeof target->part, "%s.part", target->name) >=
		(int)sizeof target->part)
		return error_set(err, ERROR_INPUT, "'%s' is not the name of a file", path);
	target->folder = folder == NULL ? -1 : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->folder >= 0)
		target->fd = openat(target->folder, target->part,
		    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target->folder < 0 || target->fd < 0)
		return error_errno(err, "create '%s.part'", path);
	if (flock(target->fd, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, ERROR_BUSY, "another backup to '%s' is running", path);
	if (fchmod(target->fd, 0600) < 0 || ftruncate(target->fd, 0) < 0)
		return error_errno(err, "create '%s.part'", path);
	return true;
}

static bool
backup_target_publish(struct target *target, struct error *err)
{
	if (target->name == NULL)
		return true;
	if (fsync(target->fd) < 0 ||
	    renameat(target->folder, target->part, target->folder, target->name) < 0 ||
	    fsync(target->folder) < 0)
		return error_errno(err, "write '%s'", target->name);
	return true;
}

/* Returns the exit code of the child. The child has printed its error, unless it was killed. */
static int
backup_wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILED;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "kabutoctl: signal %d ended the backup\n", WTERMSIG(status));
	return EXIT_FAILED;
}

int
backup(struct ctl *ctl)
{
	struct target target;
	struct error err;
	pid_t self = getpid(), child;
	int status;

	if (!backup_target_open(&target, ctl->arguments[0], &err))
		return ctl_failed(&err);
	child = fork();
	if (child == 0)
		_exit(backup_write(ctl, target.fd, self));
	if (child < 0) {
		error_errno(&err, "start a process");
		status = ctl_failed(&err);
	} else {
		status = backup_wait_for(child);
	}
	if (status == EXIT_DONE && !backup_target_publish(&target, &err))
		status = ctl_failed(&err);
	if (status != EXIT_DONE && target.name != NULL)
		(void)unlinkat(target.folder, target.part, 0);
	return status;
}
