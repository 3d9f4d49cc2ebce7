/*
 * Runs the maintenance, which is a table of steps. The steps use only SQL and files; the spooler
 * sweeps the engine. Each step works in batches with short transactions. If a step fails, the
 * problem is reported and the other steps still run.
 */
#include "maintain.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "account.h"
#include "build.h"
#include "changefeed.h"
#include "cleanup.h"
#include "clock.h"
#include "login.h"
#include "upkeep.h"
#include "event.h"
#include "filesweep.h"
#include "idempotency.h"
#include "jobfiles.h"
#include "program.h"
#include "quantity.h"
#include "retention.h"
#include "session.h"
#include "token.h"
#include "verify.h"
#include "view.h"
#include "wake.h"

#define ROWS_AT_A_TIME   500
#define UNCONFIRMED_DAYS 30 /* an account must be confirmed within them */

struct maintenance {
	const struct ctl *ctl;
	bool dry_run;
	struct spool spool;
	struct database db;
	int64_t results_before, logs_before, jobs_before; /* ms; 0: keeps all */
	const char *step;                                 /* the current one */
	int64_t removed, bytes;                           /* by this step */
	json_t *problems;
	bool failed, busy;
};

static void
maintain_problem(struct maintenance *m, const char *text)
{
	if (!ctl_has(m->ctl, CTL_JSON))
		fprintf(stderr, "kabutoctl: %s: %s\n", m->step, text);
	json_array_append_new(m->problems, json_pack("{s:s, s:s}", "step", m->step, "error", text));
}

/*
 * Reports the error of a step. ERROR_BUSY is reported only once, because a busy database makes
 * several steps fail.
 */
static void
maintain_record_error(struct maintenance *m, const struct error *err)
{
	if (err->kind != ERROR_BUSY)
		m->failed = true;
	else if (m->busy)
		return;
	else
		m->busy = true;
	maintain_problem(m, err->text);
}

static void
maintain_tell(void *context, enum log_level level, const char *text)
{
	struct maintenance *m = context;

	if (level > LOG_WARNING)
		return;
	m->failed = true;
	maintain_problem(m, text);
}

/* Retention */

static void
maintain_remove_files(struct maintenance *m, enum retention_kind kind,
    const struct retention_job *job)
{
	struct error err;
	bool kept;

	/* Files that a backup still needs stay. No row names them now: a later run removes them. */
	if (kind == RETENTION_RESULTS
		? !jobfiles_remove_results(&m->spool, job->results_token, &kept, &err)
		: !jobfiles_remove_logs(&m->spool, job->id, job->attempts, &kept, &err))
		maintain_record_error(m, &err);
}

static bool
maintain_remove_batch(struct maintenance *m, enum retention_kind kind,
    struct retention_batch *batch, struct error *err)
{
	if (!m->dry_run && !retention_apply(&m->db, kind, batch, err))
		return false;
	for (size_t i = 0; i < batch->count; i++) {
		m->removed++;
		/* The spooler removes and counts the files of a deleted job. */
		m->bytes += kind == RETENTION_JOBS ? 0 : batch->jobs[i].bytes;
		if (!m->dry_run && kind != RETENTION_JOBS)
			maintain_remove_files(m, kind, &batch->jobs[i]);
	}
	return true;
}

static bool
maintain_remove_old(struct maintenance *m, enum retention_kind kind, int64_t before,
    struct error *err)
{
	struct retention_walk walk = { .before = before };
	struct retention_batch batch;

	for (;;) {
		if (!retention_next(&m->db, kind, &walk, &batch, err))
			return false;
		if (batch.count == 0)
			return true;
		if (!maintain_remove_batch(m, kind, &batch, err))
			return false;
	}
}

static bool
maintain_step_results(struct maintenance *m, struct error *err)
{
	return maintain_remove_old(m, RETENTION_RESULTS, m->results_before, err);
}

static bool
maintain_step_logs(struct maintenance *m, struct error *err)
{
	return maintain_remove_old(m, RETENTION_LOGS, m->logs_before, err);
}

static bool
maintain_step_jobs(struct maintenance *m, struct error *err)
{
	bool done = maintain_remove_old(m, RETENTION_JOBS, m->jobs_before, err);

	if (m->removed > 0 && !m->dry_run)
		wake_send(m->spool.state);
	return done;
}

static int64_t
maintain_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * Keeps only as many jobs of the batch, from its beginning, as have *over bytes. Subtracts their
 * bytes from *over.
 */
static void
maintain_take_enough(struct retention_batch *batch, int64_t *over)
{
	size_t taken = 0;

	for (size_t i = 0; i<batch->count && * over> 0; i++) {
		if (batch->jobs[i].bytes == 0)
			continue; /* removing it frees nothing */
		*over -= batch->jobs[i].bytes;
		batch->jobs[taken++] = batch->jobs[i];
	}
	batch->count = taken;
}

/* Removes the oldest results, and then the oldest logs, until over bytes are removed. */
static bool
maintain_shrink_account(int64_t account, int64_t over, void *context, struct error *err)
{
	struct maintenance *m = context;
	struct retention_batch batch;

	for (enum retention_kind kind = RETENTION_RESULTS; kind <= RETENTION_LOGS; kind++) {
		struct retention_walk walk = { .account = account, .before = INT64_MAX };

		walk.from = maintain_later(m->jobs_before,
		    kind == RETENTION_RESULTS ? m->results_before : m->logs_before);
		while (over > 0) {
			if (!retention_next(&m->db, kind, &walk, &batch, err))
				return false;
			if (batch.count == 0)
				break;
			maintain_take_enough(&batch, &over);
			if (!maintain_remove_batch(m, kind, &batch, err))
				return false;
		}
	}
	return true;
}

static bool
maintain_step_stored(struct maintenance *m, struct error *err)
{
	return retention_each_over(&m->db, m->ctl->config->retention.account_bytes,
	    maintain_later(m->results_before, m->jobs_before),
	    maintain_later(m->logs_before, m->jobs_before), maintain_shrink_account, m, err);
}

/* Expired rows */

/*
 * True if there are rows to delete and this is no dry run. Otherwise the step must not write, so
 * that it takes no lock. A dry run records count as removed.
 */
static bool
maintain_to_erase(struct maintenance *m, int64_t count)
{
	if (m->dry_run)
		m->removed = count;
	return count > 0 && !m->dry_run;
}

/*
 * Deletes rows that are older than a limit, which `count` and `erase` take as their second
 * argument.
 */
static bool
maintain_erase_older(struct maintenance *m, int64_t limit,
    bool (*count)(struct database *, int64_t, int64_t *, struct error *),
    bool (*erase)(struct database *, int64_t, int64_t, int64_t *, struct error *),
    struct error *err)
{
	int64_t erased = ROWS_AT_A_TIME, found = 0;

	if (!count(&m->db, limit, &found, err))
		return false;
	for (; maintain_to_erase(m, found) && erased == ROWS_AT_A_TIME; m->removed += erased)
		if (!erase(&m->db, limit, ROWS_AT_A_TIME, &erased, err))
			return false;
	return true;
}

static bool
maintain_step_sessions(struct maintenance *m, struct error *err)
{
	return maintain_erase_older(m, m->ctl->config->session_days, session_count_idle,
	    session_erase_idle, err);
}

static bool
maintain_step_accounts(struct maintenance *m, struct error *err)
{
	return maintain_erase_older(m, clock_now_ms() - UNCONFIRMED_DAYS * DAY_MS,
	    account_count_unconfirmed, account_erase_unconfirmed, err);
}

static bool
maintain_step_events(struct maintenance *m, struct error *err)
{
	int64_t days = m->ctl->config->retention.events_days;

	return days == 0 ||
	    (maintain_erase_older(m, clock_now_ms() - days * DAY_MS, event_count_old,
		 event_erase_old, err) &&
		maintain_erase_older(m, clock_now_ms() - days * DAY_MS, changefeed_count_old,
		    changefeed_erase_old, err));
}

/* Deletes rows that `count` finds old. */
static bool
maintain_erase_all(struct maintenance *m,
    bool (*count)(struct database *, int64_t *, struct error *),
    bool (*erase)(struct database *, int64_t, int64_t *, struct error *), struct error *err)
{
	int64_t erased = ROWS_AT_A_TIME, found = 0;

	if (!count(&m->db, &found, err))
		return false;
	for (; maintain_to_erase(m, found) && erased == ROWS_AT_A_TIME; m->removed += erased)
		if (!erase(&m->db, ROWS_AT_A_TIME, &erased, err))
			return false;
	return true;
}

static bool
maintain_step_login_failures(struct maintenance *m, struct error *err)
{
	return maintain_erase_all(m, login_count_old, login_erase_old, err);
}

static bool
maintain_step_tokens(struct maintenance *m, struct error *err)
{
	return maintain_erase_all(m, token_count_expired, token_erase_expired, err);
}

static bool
maintain_step_views(struct maintenance *m, struct error *err)
{
	return maintain_erase_all(m, view_count_ended, view_erase_ended, err);
}

static bool
maintain_step_answers(struct maintenance *m, struct error *err)
{
	return maintain_erase_all(m, idempotency_count_old, idempotency_erase_old, err);
}

static bool
maintain_step_deleted_images(struct maintenance *m, struct error *err)
{
	return maintain_erase_all(m, build_count_unused_images, build_erase_unused_images, err);
}

/* Files, and the database */

static bool
maintain_sweep_files(struct maintenance *m, void (*run)(struct filesweep *sweep))
{
	struct filesweep sweep = { .spool = &m->spool,
		.db = &m->db,
		.dry_run = m->dry_run,
		.measure = true,
		.tell = maintain_tell,
		.context = m };

	run(&sweep);
	m->removed = sweep.removed;
	m->bytes = sweep.bytes;
	return true;
}

static bool
maintain_step_files(struct maintenance *m, struct error *err)
{
	(void)err;
	return maintain_sweep_files(m, filesweep_run);
}

static bool
maintain_step_contexts(struct maintenance *m, struct error *err)
{
	(void)err;
	return maintain_sweep_files(m, filesweep_contexts);
}

static void
maintain_tell_missing(const char *what, void *context)
{
	maintain_tell(context, LOG_WARNING, what);
}

static bool
maintain_step_missing(struct maintenance *m, struct error *err)
{
	return verify_files(&m->db, &m->spool, maintain_tell_missing, m, err);
}

static bool
maintain_step_database(struct maintenance *m, struct error *err)
{
	return m->dry_run || upkeep_tidy(&m->db, err);
}

static const struct {
	const char *name;
	bool (*run)(struct maintenance *m, struct error *err);
	const char *did; /* the things that it has removed; NULL: it removes nothing */
	bool bytes;      /* whether it knows their size */
} steps[] = {
	{ "results", maintain_step_results, "old results", true },
	{ "logs", maintain_step_logs, "logs of old jobs", true },
	{ "jobs", maintain_step_jobs, "old jobs", false },
	{ "stored", maintain_step_stored, "results and logs of accounts over their limit", true },
	{ "sessions", maintain_step_sessions, "idle sessions", false },
	{ "login_failures", maintain_step_login_failures, "old counters of failed log-ins", false },
	{ "accounts", maintain_step_accounts, "accounts that were never confirmed", false },
	{ "tokens", maintain_step_tokens, "expired API tokens", false },
	{ "views", maintain_step_views, "ended views of results", false },
	{ "answers", maintain_step_answers, "old answers kept for an Idempotency-Key", false },
	{ "events", maintain_step_events, "old events", false },
	{ "deleted_images", maintain_step_deleted_images, "deleted images that no job names",
	    false },
	{ "files", maintain_step_files, "files that nothing needs", true },
	{ "contexts", maintain_step_contexts, "contexts of builds that have ended", true },
	{ "missing", maintain_step_missing, NULL, false },
	{ "database", maintain_step_database, NULL, false },
};
#define STEPS (sizeof steps / sizeof steps[0])

static void
maintain_report(const struct maintenance *m, size_t step, json_t *answer)
{
	char bytes[QUANTITY_TEXT];
	json_t *counts;

	if (steps[step].did == NULL)
		return;
	counts = json_pack("{s:I}", "removed", (json_int_t)m->removed);
	if (steps[step].bytes)
		json_object_set_new(counts, "bytes", json_integer(m->bytes));
	json_object_set_new(answer, steps[step].name, counts);
	/* A dry run prints its counts even without --verbose. */
	if (ctl_has(m->ctl, CTL_JSON) ||
	    !(ctl_has(m->ctl, CTL_VERBOSE) || (m->dry_run && m->removed > 0)))
		return;
	printf("%s %" PRId64 " %s", m->dry_run ? "would remove" : "removed", m->removed,
	    steps[step].did);
	if (steps[step].bytes)
		printf(" (%s)", quantity_format_bytes(m->bytes, bytes));
	putchar('\n');
}

static int64_t
maintain_days_ago(int64_t now, int64_t days)
{
	return days == 0 ? 0 : now - days * DAY_MS;
}

static bool
maintain_open_all(struct maintenance *m, struct error *err)
{
	const struct config *config = m->ctl->config;
	int64_t now = clock_now_ms();

	m->results_before = maintain_days_ago(now, config->retention.results_days);
	m->logs_before = maintain_days_ago(now, config->retention.logs_days);
	m->jobs_before = maintain_days_ago(now, config->retention.jobs_days);
	if (!ctl_open(m->ctl, &m->spool, &m->db, err))
		return false;
	/* spool_open does not open this folder, which only the spooler uses. */
	m->spool.run =
	    openat(m->spool.state, "run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* A damaged database must not decide which files are removed. */
	if (upkeep_check(&m->db, true, err))
		return true;
	connection_close(&m->db);
	spool_close(&m->spool);
	return false;
}

static void
maintain_close_all(struct maintenance *m)
{
	connection_close(&m->db);
	spool_close(&m->spool);
}

static void
maintain_run_step(struct maintenance *m, size_t step, json_t *answer)
{
	struct error err;

	m->step = steps[step].name;
	m->removed = m->bytes = 0;
	if (!steps[step].run(m, &err))
		maintain_record_error(m, &err);
	maintain_report(m, step, answer);
}

int
maintain(struct ctl *ctl)
{
	struct maintenance m = { .ctl = ctl, .dry_run = ctl_has(ctl, CTL_DRY_RUN) };
	cleanup_json json_t *answer = json_object();
	struct error err;

	if (!maintain_open_all(&m, &err))
		return ctl_failed(&err);
	m.problems = json_array();
	for (size_t i = 0; i < STEPS; i++)
		maintain_run_step(&m, i, answer);
	maintain_close_all(&m);
	json_object_set_new(answer, "problems", m.problems);
	if (ctl_has(ctl, CTL_JSON) && ctl_print_json(json_incref(answer)) != EXIT_DONE)
		m.failed = true;
	return m.failed ? EXIT_FAILED : m.busy ? EXIT_TRY_AGAIN : EXIT_DONE;
}
