/*
 * Sweeps. A file's name says which row it belongs to.
 */
#include "recover.h"

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
#include "engine_container.h"
#include "fault.h"
#include "job.h"
#include "jobstate.h"
#include "message.h"
#include "pipeline.h"
#include "quantity.h"
#include "tree.h"
#include "utf8.h"

#define YOUNG_MS (60 * 60 * MS_PER_S)

/* Whether the row that name says is there. */
typedef bool has_row(struct database *db, const char *name, bool *has, struct error *err);

static bool
has_results(struct database *db, const char *name, bool *has, struct error *err)
{
	char token[NAME_TEXT];

	snprintf(token, sizeof token, "%s",
	    name); /* without its suffix: a token fills it exactly */
	return job_has_results_token(db, token, has, err);
}

static bool
has_build(struct database *db, const char *name, bool *has, struct error *err)
{
	int64_t id;

	*has = false;
	return !integer_parse(name, &id) || build_exists(db, id, has, err);
}

/* The number before the first "." of a name. */
static bool
leading_id(const char *name, int64_t *id)
{
	char text[24];

	snprintf(text, sizeof text, "%.*s", (int)strcspn(name, "."), name);
	return integer_parse(text, id);
}

/*
 * A log is "<job>.<attempt>.log". Where retention has noted that it took the job's logs, what is
 * left of them is rubbish, but for those of an attempt that runs again.
 */
static bool
has_log(struct database *db, const char *name, bool *has, struct error *err)
{
	const char *dot = strchr(name, '.');
	struct job job;
	int64_t id, attempt;

	*has = false;
	if (dot == NULL || !leading_id(name, &id) || !leading_id(dot + 1, &attempt))
		return true;
	if (!job_read(db, id, &job, err))
		return false;
	*has = job.id != 0 &&
	    (job.logs_removed_at == 0 ||
		(strcmp(job.state, "running") == 0 && job.attempt == attempt));
	job_clear(&job);
	return true;
}

/* A folder in run/ is "<job>.<attempt>". */
static bool
has_running_job(struct database *db, const char *name, bool *has, struct error *err)
{
	struct job job;
	char current[48];
	int64_t id;

	*has = strcmp(name, SPOOL_SANDBOXES) == 0;
	if (*has || !leading_id(name, &id))
		return true;
	if (!job_read(db, id, &job, err))
		return false;
	snprintf(current, sizeof current, "%lld.%lld", (long long)id, (long long)job.attempt);
	*has = strcmp(job.state, "running") == 0 && strcmp(name, current) == 0;
	job_clear(&job);
	return true;
}

static bool
is_older(int dir, const char *name, int64_t than_ms)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    timespec_ms(&st.st_ctim) < than_ms;
}

static void __attribute__((format(printf, 3, 4)))
tell(struct sweep *sweep, enum log_level level, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	sweep->tell(sweep->context, level, utf8_make_valid(text));
}

static int64_t
measure(int dir, const char *name)
{
	cleanup_close int below =
	    openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (below >= 0)
		return tree_measure(below, INT64_MAX - 1);
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_size;
}

/* Removes one thing that belongs to nothing, or counts it. */
static void
sweep_away(struct worker *worker, struct sweep *sweep, int dir, const char *folder,
    const char *name)
{
	int64_t bytes = sweep->measure ? measure(dir, name) : 0;
	struct error err;
	bool kept = false;

	if (!sweep->dry_run && !spool_remove(&worker->spooler->spool, dir, name, &kept, &err)) {
		tell(sweep, LOG_WARNING, "looking for rubbish: %s/%s: %s", folder, name, err.text);
	} else if (!kept) {
		sweep->removed++;
		sweep->bytes += bytes;
		tell(sweep, LOG_INFO, "removed %s/%s, which belongs to nothing", folder, name);
	}
}

/* What cannot be looked up or removed stays until the next time. */
static void
sweep_entry(struct worker *worker, struct sweep *sweep, int dir, const char *folder,
    const char *name, has_row *has)
{
	struct error err;
	bool found = true;

	if (!has(&worker->db, name, &found, &err))
		tell(sweep, LOG_WARNING, "looking for rubbish: %s/%s: %s", folder, name, err.text);
	else if (!found)
		sweep_away(worker, sweep, dir, folder, name);
}

/* The folder's next entry; NULL at its end, or where it cannot be read on, which is told. */
static struct dirent *
next_entry(struct sweep *sweep, DIR *stream, const char *folder)
{
	struct dirent *entry = tree_next(stream);

	if (entry == NULL && errno != 0)
		tell(sweep, LOG_WARNING, "looking for rubbish: %s: %s", folder, strerror(errno));
	return entry;
}

static void
sweep_folder(struct worker *worker, struct sweep *sweep, int folder, const char *name, has_row *has,
    int64_t older_than_ms)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (stream == NULL)
		tell(sweep, LOG_WARNING, "looking for rubbish: %s: %s", name, strerror(errno));
	while (stream != NULL && !worker->spooler->stopping) {
		entry = next_entry(sweep, stream, name);
		if (entry == NULL)
			break;
		if (entry->d_name[0] != '.' && is_older(fd, entry->d_name, older_than_ms))
			sweep_entry(worker, sweep, fd, name, entry->d_name, has);
	}
}

/*
 * Results have no row until their job's end is noted, which waits as long as the database or the
 * disk makes it wait: what is younger than a job that runs may be its.
 */
static int64_t
results_before(struct worker *worker, struct sweep *sweep, int64_t hour_ago)
{
	int64_t started_ms = worker->spooler->started_ms, oldest = 0, before;
	struct error err;

	if (!job_oldest_start(&worker->db, &oldest, &err))
		tell(sweep, LOG_WARNING, "looking for rubbish: results: %s", err.text);
	before = oldest < hour_ago ? oldest : hour_ago;
	return before > started_ms ? before : started_ms;
}

void
recover_sweep_files(struct worker *worker, struct sweep *sweep)
{
	struct spool *spool = &worker->spooler->spool;
	int64_t started_ms = worker->spooler->started_ms, hour_ago = time_now_ms() - YOUNG_MS;
	int64_t own_before = started_ms > hour_ago ? started_ms : hour_ago;
	struct error err;
	int removed = 0;

	if (!spool_sweep_incoming(spool, own_before, sweep->dry_run, &removed, &err))
		tell(sweep, LOG_WARNING, "looking for rubbish: incoming: %s", err.text);
	if (removed > 0)
		tell(sweep, LOG_INFO, "removed %d unfinished uploads", removed);
	sweep->removed += removed;
	sweep_folder(worker, sweep, spool->results, "results", has_results,
	    results_before(worker, sweep, hour_ago));
	sweep_folder(worker, sweep, spool->logs, "logs", has_log, own_before);
	sweep_folder(worker, sweep, spool->run, "run", has_running_job, own_before);
	sweep_folder(worker, sweep, spool->inbox, "inbox", job_has_attachment_token, hour_ago);
	sweep_folder(worker, sweep, spool->builds, "builds", has_build, hour_ago);
}

/* What is left in the folder of a build that has ended. */
static void
sweep_build(struct worker *worker, struct sweep *sweep, int builds, const char *name)
{
	static const char *const parts[] = { BUILD_CONTEXT, BUILD_CHECKOUT };
	cleanup_close int folder =
	    openat(builds, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[NAME_MAX + 16];

	snprintf(path, sizeof path, "builds/%s", name);
	for (size_t i = 0; folder >= 0 && i < sizeof parts / sizeof parts[0]; i++)
		if (is_older(folder, parts[i], time_now_ms() - YOUNG_MS))
			sweep_away(worker, sweep, folder, path, parts[i]);
}

void
recover_sweep_contexts(struct worker *worker, struct sweep *sweep)
{
	int fd = openat(worker->spooler->spool.builds, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct error err;
	int64_t id;

	while (stream != NULL && !worker->spooler->stopping) {
		bool ended = false;

		entry = next_entry(sweep, stream, "builds");
		if (entry == NULL)
			break;
		if (!integer_parse(entry->d_name, &id))
			continue;
		if (!build_has_ended(&worker->db, id, &ended, &err))
			tell(sweep, LOG_WARNING, "looking for rubbish: builds/%s: %s",
			    entry->d_name, err.text);
		else if (ended)
			sweep_build(worker, sweep, fd, entry->d_name);
	}
}

/* The spooler's own looks are told in its log. */
static void
tell_log(void *context, enum log_level level, const char *text)
{
	(void)context;
	log_write(level, "%s", text);
}

void
recover_files(struct worker *worker)
{
	struct sweep sweep = { .tell = tell_log };

	recover_sweep_files(worker, &sweep);
}

static bool __attribute__((format(printf, 5, 6)))
remove_file(struct spool *spool, int dir, bool *kept, struct error *err, const char *format, ...)
{
	char name[NAME_TEXT + 32];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof name, format, arguments);
	va_end(arguments);
	return spool_remove(spool, dir, name, kept, err);
}

bool
recover_remove_logs(struct spool *spool, int64_t job, int64_t attempts, bool *kept,
    struct error *err)
{
	*kept = false;
	for (long long attempt = 1; attempt <= attempts && !*kept; attempt++)
		if (!remove_file(spool, spool->logs, kept, err, "%lld.%lld.log", (long long)job,
			attempt) ||
		    (!*kept &&
			!remove_file(spool, spool->logs, kept, err, "%lld.%lld.idx", (long long)job,
			    attempt)))
			return false;
	return true;
}

bool
recover_remove_results(struct spool *spool, const char *token, bool *kept, struct error *err)
{
	*kept = false;
	return token[0] == '\0' ||
	    (remove_file(spool, spool->results, kept, err, "%s.zip", token) &&
		(*kept || remove_file(spool, spool->results, kept, err, "%s.list", token)));
}

static bool
erase(struct worker *worker, const struct job *job, struct error *err)
{
	fault_point("delete", "files");
	return jobstate_erase(&worker->db, job, err);
}

/* The files first: a row that is left is found again. */
static bool
remove_job(struct worker *worker, const struct job *job, bool *kept, struct error *err)
{
	struct spool *spool = &worker->spooler->spool;

	return remove_file(spool, spool->inbox, kept, err, "%s", job->attachment_token) &&
	    (*kept || recover_remove_results(spool, job->results_token, kept, err)) &&
	    (*kept || recover_remove_logs(spool, job->id, job->attempt, kept, err)) &&
	    (*kept || erase(worker, job, err));
}

void
recover_deleted(struct worker *worker)
{
	struct job job = { 0 };
	struct error err;
	bool kept = false;
	int tries = 0;

	while (!worker->spooler->stopping) {
		if (!jobstate_next_deleted(&worker->db, &job, &err) ||
		    (job.id != 0 && !remove_job(worker, &job, &kept, &err))) {
			log_write(LOG_WARNING, "remove deleted job %lld: %s, trying again",
			    (long long)job.id, err.text);
			job_clear(&job);
			if (!worker_pause(worker, &tries))
				return;
			continue;
		}
		if (job.id == 0)
			break;
		job_clear(&job);
		if (kept)
			return; /* a backup runs: the scheduler comes again */
		tries = 0;
	}
	if (!pipeline_erase_all_empty(&worker->db, &err))
		log_write(LOG_WARNING, "remove deleted pipelines: %s", err.text);
}

/* Whether a container is of an attempt that runs. */
static bool
is_needed(struct worker *worker, json_t *labels, bool *needed, struct error *err)
{
	const char *job_text = NULL, *attempt_text = NULL, *slot;
	int64_t id, attempt;
	struct job job;

	slot = json_string_value(json_object_get(labels, SANDBOX_LABEL));
	if (slot != NULL && slot[0] != '\0')
		return sandbox_is_needed(worker, slot, needed, err);
	/* An image of ours hands its label on to containers that are none of ours. */
	*needed = json_object_get(labels, "kabuto.job") == NULL;
	if (*needed)
		return true;
	if (json_unpack(labels, "{s:s, s:s}", "kabuto.job", &job_text, "kabuto.attempt",
		&attempt_text) < 0 ||
	    !integer_parse(job_text, &id) || !integer_parse(attempt_text, &attempt))
		return true;
	if (!job_read(&worker->db, id, &job, err))
		return false;
	*needed = strcmp(job.state, "running") == 0 && job.attempt == attempt;
	job_clear(&job);
	return true;
}

/* A look through the containers. */
struct look {
	struct worker *worker;
	struct sweep *sweep;
};

static bool
remove_unneeded(const char *id, json_t *labels, void *context, struct error *err)
{
	struct look *look = context;
	struct worker *worker = look->worker;
	bool needed = true;

	if (is_needed(worker, labels, &needed, err) && needed)
		return true;
	if (needed || (!look->sweep->dry_run && !container_remove(&worker->engine, id, err))) {
		if (err->kind == ERROR_AWAY || err->kind == ERROR_INTERRUPTED)
			return false;
		/* A conflict: somebody else is removing it. */
		tell(look->sweep, err->kind == ERROR_CONFLICT ? LOG_INFO : LOG_WARNING,
		    "container %.12s: %s", id, err->text);
		return true;
	}
	look->sweep->removed++;
	tell(look->sweep, LOG_INFO, "removed container %.12s, of which no job runs", id);
	return true;
}

bool
recover_sweep_containers(struct worker *worker, struct sweep *sweep, struct error *err)
{
	struct look look = { worker, sweep };

	return container_each(&worker->engine, "kabuto.instance", worker->spooler->instance,
	    remove_unneeded, &look, err);
}

bool
recover_containers(struct worker *worker, struct error *err)
{
	struct sweep sweep = { .tell = tell_log };

	return recover_sweep_containers(worker, &sweep, err);
}
