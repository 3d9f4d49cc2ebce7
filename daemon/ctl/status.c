/*
 * Reads the figures from the database and the disk. The spooler records the state of the engine in
 * the database, so that this program needs no engine.
 */
#include "status.h"

#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>

#include "account.h"
#include "build.h"
#include "clock.h"
#include "upkeep.h"
#include "job.h"
#include "program.h"
#include "quantity.h"
#include "service.h"
#include "sweep.h"
#include "utf8.h"

#define PROBLEMS_MOST 4

struct figures {
	struct service_status service;
	struct sweep sweep;
	int64_t jobs[JOB_STATES];
	int64_t builds_pending, accounts, free_bytes;
	struct error problems[PROBLEMS_MOST]; /* ERROR_NONE: no problem */
};

static bool
status_read(const struct ctl *ctl, struct spool *spool, struct database *db,
    struct figures *figures, struct error *err)
{
	struct statvfs fs;

	if (!service_read(db, &figures->service, err) || !sweep_read(db, &figures->sweep, err) ||
	    !job_count(db, figures->jobs, err) ||
	    !build_count_pending(db, &figures->builds_pending, err) ||
	    !account_count(db, &figures->accounts, err))
		return false;
	if (fstatvfs(spool->state, &fs) == 0)
		figures->free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	(void)service_check(&figures->service, &figures->problems[0]);
	(void)spool_has_room(spool, ctl->config, &figures->problems[1]);
	(void)upkeep_check(db, true, &figures->problems[2]);
	return true;
}

static bool
status_healthy(const struct figures *figures)
{
	for (size_t i = 0; i < PROBLEMS_MOST; i++)
		if (figures->problems[i].kind != ERROR_NONE)
			return false;
	return true;
}

static void
status_print_sweep(const struct sweep *sweep)
{
	char time[QUANTITY_TEXT], image_bytes[QUANTITY_TEXT], file_bytes[QUANTITY_TEXT];
	char error[sizeof sweep->error];

	if (sweep->started_at == 0) {
		printf("sweep     none has ended yet\n");
		return;
	}
	printf("sweep     %s, removed containers %" PRId64 ", images %" PRId64
	       " (%s), files %" PRId64 " (%s)\n",
	    quantity_format_time(sweep->started_at, time), sweep->containers, sweep->images,
	    quantity_format_bytes(sweep->image_bytes, image_bytes), sweep->files,
	    quantity_format_bytes(sweep->file_bytes, file_bytes));
	if (sweep->errors == 0)
		return;
	memcpy(error, sweep->error, sizeof error);
	printf("          errors %" PRId64 ", the first: %s\n", sweep->errors,
	    utf8_printable(error));
}

static void
status_print_text(const struct figures *figures)
{
	const struct service_status *service = &figures->service;
	char free_bytes[QUANTITY_TEXT], since[QUANTITY_TEXT];

	if (service->known)
		printf("spooler   pid %" PRId64 ", seen %" PRId64 " s ago\n", service->pid,
		    (clock_now_ms() - service->seen_at) / MS_PER_S);
	else
		printf("spooler   has never run\n");
	if (service->engine_away_since != 0)
		printf("engine    has not answered since %s\n",
		    quantity_format_time(service->engine_away_since, since));
	else
		printf("engine    %s\n", service->known ? "answers" : "unknown");
	status_print_sweep(&figures->sweep);
	printf("disk      %s free\n", quantity_format_bytes(figures->free_bytes, free_bytes));
	printf("jobs     ");
	for (size_t i = 0; i < JOB_STATES; i++)
		printf(" %s %" PRId64 "%s", job_states[i], figures->jobs[i],
		    i + 1 < JOB_STATES ? "," : "\n");
	printf("builds    pending %" PRId64 "\n", figures->builds_pending);
	printf("accounts  %" PRId64 "\n", figures->accounts);
	for (size_t i = 0; i < PROBLEMS_MOST; i++)
		if (figures->problems[i].kind != ERROR_NONE)
			fprintf(stderr, "kabutoctl: %s\n", figures->problems[i].text);
}

static json_t *
status_time_json(int64_t time_ms)
{
	char text[QUANTITY_TEXT];

	return time_ms == 0 ? json_null() : json_string(quantity_format_time(time_ms, text));
}

/* JSON null if no sweep has ended yet. */
static json_t *
status_sweep_json(const struct sweep *sweep)
{
	if (sweep->started_at == 0)
		return json_null();
	return json_pack("{s:o, s:o, s:{s:I}, s:{s:I, s:I}, s:{s:I, s:I}, s:I, s:s?}", "started_at",
	    status_time_json(sweep->started_at), "finished_at",
	    status_time_json(sweep->finished_at), "containers", "removed",
	    (json_int_t)sweep->containers, "images", "removed", (json_int_t)sweep->images, "bytes",
	    (json_int_t)sweep->image_bytes, "files", "removed", (json_int_t)sweep->files, "bytes",
	    (json_int_t)sweep->file_bytes, "errors", (json_int_t)sweep->errors, "error",
	    sweep->error[0] != '\0' ? sweep->error : NULL);
}

static int
status_print_json(const struct figures *figures)
{
	const struct service_status *service = &figures->service;
	json_t *problems = json_array(), *jobs = json_object();

	for (size_t i = 0; i < JOB_STATES; i++)
		json_object_set_new(jobs, job_states[i], json_integer(figures->jobs[i]));
	for (size_t i = 0; i < PROBLEMS_MOST; i++)
		if (figures->problems[i].kind != ERROR_NONE)
			json_array_append_new(problems, json_string(figures->problems[i].text));
	return ctl_print_json(
	    json_pack("{s:b, s:{s:I, s:o}, s:{s:o}, s:o, s:{s:I}, s:o, s:{s:I}, s:I, s:o}",
		"healthy", (int)status_healthy(figures), "spooler", "pid", (json_int_t)service->pid,
		"seen_at", status_time_json(service->seen_at), "engine", "away_since",
		status_time_json(service->engine_away_since), "sweep",
		status_sweep_json(&figures->sweep), "disk", "free", (json_int_t)figures->free_bytes,
		"jobs", jobs, "builds", "pending", (json_int_t)figures->builds_pending, "accounts",
		(json_int_t)figures->accounts, "problems", problems));
}

int
status(struct ctl *ctl)
{
	struct figures figures = { .accounts = 0 };
	struct database db;
	struct spool spool;
	struct error err;
	bool done;

	if (!ctl_open(ctl, &spool, &db, &err))
		return ctl_failed(&err);
	done = status_read(ctl, &spool, &db, &figures, &err);
	connection_close(&db);
	spool_close(&spool);
	if (!done)
		return ctl_failed(&err);
	if (!ctl_has(ctl, CTL_JSON))
		status_print_text(&figures);
	else if (status_print_json(&figures) != EXIT_DONE)
		return EXIT_FAILED;
	return status_healthy(&figures) ? EXIT_DONE : EXIT_FAILED;
}
