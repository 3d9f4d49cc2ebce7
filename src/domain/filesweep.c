/*
 * The sweep of files. A file's name says which row it belongs to.
 */
#include "filesweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "cleanup.h"
#include "clock.h"
#include "error.h"
#include "job.h"
#include "number.h"
#include "secret.h"
#include "tree.h"
#include "utf8.h"

#define YOUNG_MS (60 * 60 * MS_PER_S)

/* Sets *has to whether the row of a file with this name exists. */
typedef bool filesweep_has_row(struct database *db, const char *name, bool *has, struct error *err);

static bool
filesweep_has_results(struct database *db, const char *name, bool *has, struct error *err)
{
	char token[NAME_TEXT];

	snprintf(token, sizeof token, "%s",
	    name); /* cuts off the suffix: the token fills the array */
	return job_has_results_token(db, token, has, err);
}

static bool
filesweep_has_build(struct database *db, const char *name, bool *has, struct error *err)
{
	int64_t id;

	*has = false;
	return !number_parse_integer(name, &id) || build_exists(db, id, has, err);
}

/*
 * Reads the number before the first "." of a name. Returns the text after the "."; NULL: no number.
 */
static const char *
filesweep_take_number(const char *name, int64_t *number)
{
	size_t length = strcspn(name, ".");
	char text[24];

	if (name[length] == '\0' || length >= sizeof text)
		return NULL;
	snprintf(text, sizeof text, "%.*s", (int)length, name);
	return number_parse_integer(text, number) ? name + length + 1 : NULL;
}

/*
 * A file of a log is "<job>.<attempt>.<suffix>" (joblog_suffixes). If the row records that
 * retention removed the job's logs, the remaining files are swept, except those of an attempt that
 * runs.
 */
static bool
filesweep_has_log(struct database *db, const char *name, bool *has, struct error *err)
{
	struct job job;
	int64_t id, attempt;
	const char *rest = filesweep_take_number(name, &id);

	*has = false;
	if (rest == NULL || filesweep_take_number(rest, &attempt) == NULL)
		return true;
	if (!job_read(db, id, &job, err))
		return false;
	*has = job.id != 0 &&
	    (job.logs_removed_at == 0 ||
		(strcmp(job.state, "running") == 0 && job.attempt == attempt));
	job_clear(&job);
	return true;
}

/* Whether the folder in run/ is that of a running attempt, or of the sandboxes. */
static bool
filesweep_has_running_job(struct database *db, const char *name, bool *has, struct error *err)
{
	struct job job;
	char current[SPOOL_RUN_NAME];
	int64_t id;

	*has = strcmp(name, SPOOL_SANDBOXES) == 0;
	if (*has || filesweep_take_number(name, &id) == NULL)
		return true;
	if (!job_read(db, id, &job, err))
		return false;
	*has = strcmp(job.state, "running") == 0 &&
	    strcmp(name, spool_run_name(current, id, job.attempt)) == 0;
	job_clear(&job);
	return true;
}

static bool
filesweep_is_older(int dir, const char *name, int64_t than_ms)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    clock_timespec_ms(&st.st_ctim) < than_ms;
}

static bool
filesweep_stopped(const struct filesweep *sweep)
{
	return sweep->stop != NULL && *sweep->stop;
}

static void __attribute__((format(printf, 3, 4)))
filesweep_tell(struct filesweep *sweep, enum log_level level, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	sweep->tell(sweep->context, level, utf8_make_valid(text));
}

static int64_t
filesweep_measure(int dir, const char *name)
{
	cleanup_close int below =
	    openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (below >= 0)
		return tree_measure(below, INT64_MAX - 1);
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_size;
}

/* Removes one file or folder that has no row. With dry_run only counts it. */
static void
filesweep_remove(struct filesweep *sweep, int dir, const char *folder, const char *name)
{
	int64_t bytes = sweep->measure ? filesweep_measure(dir, name) : 0;
	struct error err;
	bool kept = false;

	if (!sweep->dry_run && !spool_remove(sweep->spool, dir, name, &kept, &err)) {
		filesweep_tell(sweep, LOG_WARNING, "sweep of files: %s/%s: %s", folder, name,
		    err.text);
	} else if (!kept) {
		sweep->removed++;
		sweep->bytes += bytes;
		filesweep_tell(sweep, LOG_INFO, "removed %s/%s, which no row of the database names",
		    folder, name);
	}
}

static void
filesweep_entry(struct filesweep *sweep, int dir, const char *folder, const char *name,
    filesweep_has_row *has)
{
	struct error err;
	bool found = true;

	if (!has(sweep->db, name, &found, &err))
		filesweep_tell(sweep, LOG_WARNING, "sweep of files: %s/%s: %s", folder, name,
		    err.text);
	else if (!found)
		filesweep_remove(sweep, dir, folder, name);
}

/* Returns the folder's next entry; NULL at the end, or if reading failed, which tell gets. */
static struct dirent *
filesweep_next(struct filesweep *sweep, DIR *stream, const char *folder)
{
	struct dirent *entry = tree_next(stream);

	if (entry == NULL && errno != 0)
		filesweep_tell(sweep, LOG_WARNING, "sweep of files: %s: %s", folder,
		    strerror(errno));
	return entry;
}

static void
filesweep_folder(struct filesweep *sweep, int folder, const char *name, filesweep_has_row *has,
    int64_t older_than_ms)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (stream == NULL)
		filesweep_tell(sweep, LOG_WARNING, "sweep of files: %s: %s", name, strerror(errno));
	while (stream != NULL && !filesweep_stopped(sweep) &&
	    (entry = filesweep_next(sweep, stream, name)) != NULL)
		if (entry->d_name[0] != '.' && filesweep_is_older(fd, entry->d_name, older_than_ms))
			filesweep_entry(sweep, fd, name, entry->d_name, has);
}

/*
 * Returns which results may be swept: those from before this time. The row of a job names its
 * results only after its end, which a busy database or a full disk may delay. So results that are
 * younger than the start of a running job may belong to it.
 */
static int64_t
filesweep_results_before(struct filesweep *sweep, int64_t hour_ago)
{
	int64_t oldest = 0, before;
	struct error err;

	if (!job_oldest_start(sweep->db, &oldest, &err))
		filesweep_tell(sweep, LOG_WARNING, "sweep of files: results: %s", err.text);
	before = oldest < hour_ago ? oldest : hour_ago;
	return before > sweep->started_ms ? before : sweep->started_ms;
}

void
filesweep_run(struct filesweep *sweep)
{
	struct spool *spool = sweep->spool;
	int64_t hour_ago = clock_now_ms() - YOUNG_MS;
	int64_t own_before = sweep->started_ms > hour_ago ? sweep->started_ms : hour_ago;
	struct error err;
	int removed = 0;

	if (!spool_sweep_incoming(spool, own_before, sweep->dry_run, &removed, &err))
		filesweep_tell(sweep, LOG_WARNING, "sweep of files: incoming: %s", err.text);
	if (removed > 0)
		filesweep_tell(sweep, LOG_INFO, "removed %d unfinished uploads", removed);
	sweep->removed += removed;
	filesweep_folder(sweep, spool->results, "results", filesweep_has_results,
	    filesweep_results_before(sweep, hour_ago));
	filesweep_folder(sweep, spool->logs, "logs", filesweep_has_log, own_before);
	filesweep_folder(sweep, spool->run, "run", filesweep_has_running_job, own_before);
	filesweep_folder(sweep, spool->inbox, "inbox", job_has_attachment_token, hour_ago);
	filesweep_folder(sweep, spool->builds, "builds", filesweep_has_build, hour_ago);
}

/* Removes the context and checkout of a build that has ended. */
static void
filesweep_build(struct filesweep *sweep, int builds, const char *name)
{
	static const char *const parts[] = { BUILD_CONTEXT, BUILD_CHECKOUT };
	cleanup_close int folder =
	    openat(builds, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[NAME_MAX + 16];

	snprintf(path, sizeof path, "builds/%s", name);
	for (size_t i = 0; folder >= 0 && i < sizeof parts / sizeof parts[0]; i++)
		if (filesweep_is_older(folder, parts[i], clock_now_ms() - YOUNG_MS))
			filesweep_remove(sweep, folder, path, parts[i]);
}

void
filesweep_contexts(struct filesweep *sweep)
{
	int fd = openat(sweep->spool->builds, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct error err;
	int64_t id;

	while (stream != NULL && !filesweep_stopped(sweep) &&
	    (entry = filesweep_next(sweep, stream, "builds")) != NULL) {
		bool ended = false;

		if (!number_parse_integer(entry->d_name, &id))
			continue;
		if (!build_has_ended(sweep->db, id, &ended, &err))
			filesweep_tell(sweep, LOG_WARNING, "sweep of files: builds/%s: %s",
			    entry->d_name, err.text);
		else if (ended)
			filesweep_build(sweep, fd, entry->d_name);
	}
}
