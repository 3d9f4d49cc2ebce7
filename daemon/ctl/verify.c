/*
 * Checks the files of each row while the service runs. It reads a row and then checks its files. If
 * a file is missing, it reads the row again, because the row may have changed.
 */
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "attachment.h"
#include "build.h"
#include "cleanup.h"
#include "upkeep.h"
#include "job.h"
#include "joblog.h"
#include "program.h"
#include "restore.h"
#include "utf8.h"

#define FINDING 1280

struct verification {
	struct database *db;
	struct spool *spool;
	verify_tell *tell;
	void *context;
};

static void __attribute__((format(printf, 2, 3)))
verify_say(const struct verification *verification, const char *format, ...)
{
	char text[FINDING];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	verification->tell(utf8_printable(text), verification->context);
}

/* True if the row still names the same files. A job that ran again has other files. */
static bool
verify_same_still(const struct verification *verification, const struct job *job)
{
	struct error ignored;
	struct job now;
	bool same;

	if (!job_read(verification->db, job->id, &now, &ignored))
		return false;
	same = now.id != 0 && !now.deleted && now.attempt == job->attempt &&
	    strcmp(now.results_token, job->results_token) == 0 &&
	    now.logs_removed_at == job->logs_removed_at;
	job_clear(&now);
	return same;
}

/* Returns 0 if name exists in dir, and errno otherwise. */
static int
verify_find(int dir, const char *name, struct stat *st)
{
	return fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

static void
verify_scan_results(const struct verification *verification, const struct job *job)
{
	char name[SPOOL_RESULTS_NAME];
	struct stat st;
	int missing;

	if (job->results_token[0] == '\0')
		return;
	missing = verify_find(verification->spool->results,
	    spool_results_name(name, job->results_token, "zip"), &st);
	if (missing != 0 && verify_same_still(verification, job))
		verify_say(verification, "job %lld: results/%s: %s", (long long)job->id, name,
		    strerror(missing));
}

/* Checks the last attempt only: retention removes logs of earlier attempts without a record. */
static void
verify_scan_log(const struct verification *verification, const struct job *job)
{
	char name[JOBLOG_NAME];
	struct stat st;
	int missing;

	if (!job_ended(job) || job->attempt == 0 || job->logs_removed_at != 0)
		return;
	joblog_name(name, job->id, job->attempt, "log");
	missing = verify_find(verification->spool->logs, name, &st);
	if (missing != 0 && verify_same_still(verification, job))
		verify_say(verification, "job %lld: logs/%s: %s", (long long)job->id, name,
		    strerror(missing));
}

static bool
verify_scan_attachments(const struct verification *verification, const struct job *job, struct error *err)
{
	struct attachments list;
	char path[FINDING];
	struct stat st;

	if (!attachment_list(verification->db, job->id, &list, err))
		return false;
	for (size_t i = 0; i < list.count; i++) {
		const struct attachment *item = &list.items[i];
		int missing;

		snprintf(path, sizeof path, "%s/%s", job->attachment_token, item->name);
		missing = verify_find(verification->spool->inbox, path, &st);
		if (missing == 0 && S_ISREG(st.st_mode) && st.st_size == item->size)
			continue;
		if (!verify_same_still(verification, job))
			break;
		if (missing == 0)
			verify_say(verification, "job %lld: inbox/%s: has %lld bytes, and must have %lld",
			    (long long)job->id, path, (long long)st.st_size, (long long)item->size);
		else
			verify_say(verification, "job %lld: inbox/%s: %s", (long long)job->id, path,
			    strerror(missing));
	}
	attachment_clear(&list);
	return true;
}

static bool
verify_scan_jobs(const struct verification *verification, struct error *err)
{
	int64_t id = 0;

	for (;;) {
		struct job job;
		bool done;

		if (!job_next(verification->db, id, &id, err))
			return false;
		if (id == 0)
			return true;
		if (!job_read(verification->db, id, &job, err))
			return false;
		done = job.id == 0 || verify_scan_attachments(verification, &job, err);
		if (done && job.id != 0) {
			verify_scan_results(verification, &job);
			verify_scan_log(verification, &job);
		}
		job_clear(&job);
		if (!done)
			return false;
	}
}

/* A pending build needs its folder. */
static bool
verify_scan_builds(const struct verification *verification, struct error *err)
{
	int64_t id = 0;
	bool pending, ended;
	char name[24];
	struct stat st;

	for (;;) {
		if (!build_next(verification->db, id, &id, &pending, err))
			return false;
		if (id == 0)
			return true;
		snprintf(name, sizeof name, "%lld", (long long)id);
		if (!pending || fstatat(verification->spool->builds, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		if (!build_has_ended(verification->db, id, &ended, err))
			return false;
		if (!ended)
			verify_say(verification, "build %lld: builds/%s: the folder is missing",
			    (long long)id, name);
	}
}

bool
verify_files(struct database *db, struct spool *spool, verify_tell *tell, void *context,
    struct error *err)
{
	const struct verification verification = { db, spool, tell, context };

	return verify_scan_jobs(&verification, err) && verify_scan_builds(&verification, err);
}

static void
verify_print_finding(const char *what, void *context)
{
	++*(int *)context;
	fprintf(stderr, "kabutoctl: %s\n", what);
}

static int
verify_state(struct ctl *ctl)
{
	struct spool spool;
	struct database db;
	struct error err;
	int findings = 0, status = EXIT_DONE;

	if (!ctl_open(ctl, &spool, &db, &err))
		return ctl_failed(&err);
	if (!upkeep_check(&db, false, &err) ||
	    !verify_files(&db, &spool, verify_print_finding, &findings, &err))
		status = ctl_failed(&err);
	else if (findings > 0)
		status = EXIT_FAILED;
	connection_close(&db);
	spool_close(&spool);
	return status;
}

int
verify(struct ctl *ctl)
{
	return ctl->arguments[0] == NULL ? verify_state(ctl) : restore_verify(ctl);
}
