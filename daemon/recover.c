/*
 * Sweeps. A file's name says which row it belongs to.
 */
#include "recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "message.h"
#include "pipeline.h"
#include "quantity.h"
#include "tree.h"

#define YOUNG_MS (60 * 60 * MS_PER_S)

/* Whether the row that name says is there. */
typedef bool has_row(struct database *db, const char *name, bool *has, struct error *err);

static bool
has_results(struct database *db, const char *name, bool *has, struct error *err)
{
	char token[NAME_TEXT];

	snprintf(token, sizeof token, "%s", name); /* without ".zip": a token fills it exactly */
	return job_has_results_token(db, token, has, err);
}

static bool
has_build(struct database *db, const char *name, bool *has, struct error *err)
{
	int64_t id;

	*has = false;
	return !integer_parse(name, &id) || build_exists(db, id, has, err);
}

/* The id before the first "." of a name. */
static bool
leading_id(const char *name, int64_t *id)
{
	char text[24];

	snprintf(text, sizeof text, "%.*s", (int)strcspn(name, "."), name);
	return integer_parse(text, id);
}

/* A log's name begins with its job's id. */
static bool
has_job(struct database *db, const char *name, bool *has, struct error *err)
{
	struct job job;
	int64_t id;

	*has = false;
	if (!leading_id(name, &id))
		return true;
	if (!job_read(db, id, &job, err))
		return false;
	*has = job.id != 0;
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

/* What cannot be looked up or removed stays until the next time. */
static void
sweep_entry(struct worker *worker, int dir, const char *folder, const char *name, has_row *has)
{
	struct error err;
	bool found = true;

	if (!has(&worker->db, name, &found, &err) || (!found && !tree_remove(dir, name, &err)))
		log_write(LOG_WARNING, "looking for rubbish: %s/%s: %s", folder, name, err.text);
	else if (!found)
		log_write(LOG_INFO, "removed %s/%s, which belongs to nothing", folder, name);
}

static void
sweep(struct worker *worker, int folder, const char *name, has_row *has, int64_t older_than_ms)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (stream == NULL)
		log_write(LOG_WARNING, "looking for rubbish: %s: %s", name, strerror(errno));
	while (stream != NULL && !worker->spooler->stopping && (entry = readdir(stream)) != NULL)
		if (entry->d_name[0] != '.' && is_older(fd, entry->d_name, older_than_ms))
			sweep_entry(worker, fd, name, entry->d_name, has);
}

/* What a build was made of stays behind where the spooler died right after the build's end. */
static void
remove_context(struct worker *worker, int builds, const char *build)
{
	static const char *const folders[] = { BUILD_CONTEXT, BUILD_CHECKOUT };
	struct error err;
	int64_t id;
	bool ended = false;

	if (!integer_parse(build, &id))
		return;
	if (!build_has_ended(&worker->db, id, &ended, &err))
		log_write(LOG_WARNING, "looking for rubbish: builds/%s: %s", build, err.text);
	for (size_t i = 0; ended && i < sizeof folders / sizeof folders[0]; i++) {
		char name[64];

		snprintf(name, sizeof name, "%lld/%s", (long long)id, folders[i]);
		if (!tree_remove(builds, name, &err))
			log_write(LOG_WARNING, "looking for rubbish: builds/%s: %s", name,
			    err.text);
	}
}

static void
sweep_contexts(struct worker *worker)
{
	int fd = openat(worker->spooler->spool.builds, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (stream != NULL && !worker->spooler->stopping && (entry = readdir(stream)) != NULL)
		remove_context(worker, fd, entry->d_name);
}

void
recover_files(struct worker *worker)
{
	struct spool *spool = &worker->spooler->spool;
	int64_t started_ms = worker->spooler->started_ms, hour_ago = time_now_ms() - YOUNG_MS;
	struct error err;
	int removed = 0;

	if (!spool_sweep_incoming(spool, started_ms, &removed, &err))
		log_write(LOG_WARNING, "looking for rubbish: incoming: %s", err.text);
	if (removed > 0)
		log_write(LOG_INFO, "removed %d unfinished uploads", removed);
	sweep(worker, spool->results, "results", has_results, started_ms);
	sweep(worker, spool->logs, "logs", has_job, started_ms);
	sweep(worker, spool->run, "run", has_running_job, started_ms);
	sweep(worker, spool->inbox, "inbox", job_has_attachment_token, hour_ago);
	sweep(worker, spool->builds, "builds", has_build, hour_ago);
	sweep_contexts(worker);
}

static bool
remove_file(int dir, struct error *err, const char *format, ...)
{
	char name[NAME_TEXT + 32];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof name, format, arguments);
	va_end(arguments);
	return tree_remove(dir, name, err);
}

bool
recover_remove_logs(struct spool *spool, const struct job *job, struct error *err)
{
	for (long long attempt = 1; attempt <= job->attempt; attempt++)
		if (!remove_file(spool->logs, err, "%lld.%lld.log", (long long)job->id, attempt) ||
		    !remove_file(spool->logs, err, "%lld.%lld.idx", (long long)job->id, attempt))
			return false;
	return true;
}

bool
recover_remove_results(struct spool *spool, const struct job *job, struct error *err)
{
	return job->results_token[0] == '\0' ||
	    remove_file(spool->results, err, "%s.zip", job->results_token);
}

static bool
erase(struct worker *worker, const struct job *job, struct error *err)
{
	fault_point("delete", "files");
	return job_erase(&worker->db, job, err);
}

/* The files first: a row that is left is found again. */
static bool
remove_job(struct worker *worker, const struct job *job, struct error *err)
{
	struct spool *spool = &worker->spooler->spool;

	return remove_file(spool->inbox, err, "%s", job->attachment_token) &&
	    recover_remove_results(spool, job, err) && recover_remove_logs(spool, job, err) &&
	    erase(worker, job, err);
}

void
recover_deleted(struct worker *worker)
{
	struct job job = { 0 };
	struct error err;
	int tries = 0;

	while (!worker->spooler->stopping) {
		if (!job_next_deleted(&worker->db, &job, &err) ||
		    (job.id != 0 && !remove_job(worker, &job, &err))) {
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
	if (slot != NULL)
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

static bool
remove_unneeded(const char *id, json_t *labels, void *context, struct error *err)
{
	struct worker *worker = context;
	bool needed = true;

	if (is_needed(worker, labels, &needed, err) && needed)
		return true;
	if (needed || !container_remove(&worker->engine, id, err)) {
		if (err->kind == ERROR_AWAY || err->kind == ERROR_INTERRUPTED)
			return false;
		log_write(LOG_WARNING, "container %.12s: %s", id, err->text);
		return true;
	}
	log_write(LOG_INFO, "removed container %.12s, of which no job runs", id);
	return true;
}

bool
recover_containers(struct worker *worker, struct error *err)
{
	return container_each(&worker->engine, "kabuto.instance", worker->spooler->instance,
	    remove_unneeded, worker, err);
}
