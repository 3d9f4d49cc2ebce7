/*
 * Explains why an attempt ended, for the job's error and for the last lines of its log.
 */
#include "runend.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "image.h"
#include "joblog.h"
#include "jobspec.h"
#include "jobstate.h"
#include "quantity.h"
#include "runexec.h"
#include "runfolder.h"
#include "runhint.h"
#include "samples.h"
#include "utf8.h"
#include "worker.h"

#define MASK "..."

/* Masks a path in the engine's message. Users need no paths of the state directory. */
static void
runend_mask_path(char *text, const char *path)
{
	size_t length = strlen(path);
	char *at = text;

	while (length >= strlen(MASK) && (at = strstr(at, path)) != NULL) {
		memcpy(at, MASK, strlen(MASK));
		at += strlen(MASK);
		memmove(at, at + length - strlen(MASK), strlen(at + length - strlen(MASK)) + 1);
	}
}

void
runend_set_error(struct run *run, const char *format, ...)
{
	const struct config *config = run->worker->config;
	va_list arguments;

	if (run->error[0] != '\0')
		return;
	va_start(arguments, format);
	vsnprintf(run->error, sizeof run->error, format, arguments);
	va_end(arguments);
	runend_mask_path(run->error, config->state_dir);
	runend_mask_path(run->error, config->engine.state_dir);
	(void)utf8_make_valid(run->error);
}

int64_t
runend_deadline_ms(const struct run *run)
{
	int64_t begun = run->info.started_at != 0 ? run->info.started_at : run->job.start_marked_at;

	return begun + run->job.timeout * MS_PER_S;
}

/*
 * Explains why the job's program could not be started, or a program of its shell line: a shell ends
 * with 126 or 127 then.
 */
static void
runend_explain_exec(struct run *run)
{
	cleanup_json json_t *arguments = NULL;
	struct image_run image = { 0 };
	struct error ignored;
	const char *program;
	char text[RUN_ERROR];

	if (!image_run_read(&run->worker->db, run->job.image, &image, &ignored))
		return;
	arguments = jobspec_arguments(&run->job, &image);
	image_run_clear(&image);
	program = json_string_value(json_array_get(arguments, 0));
	if (program == NULL)
		return;
	runexec_explain(text, sizeof text, &run->usage, program);
	if (text[0] != '\0' && run->usage.exec_errno != 0)
		runend_set_error(run, "%s", text);
	else if (text[0] != '\0')
		runend_set_error(run, "exit code %lld: %s", (long long)run->info.exit_code, text);
}

/* Whether the job itself was killed because memory was short, and not only one of its processes. */
static bool
runend_out_of_memory(const struct run *run)
{
	return run->info.exit_code == 137 && (run->info.oom_killed || run->usage.oom_kills > 0);
}

/*
 * Whether the engine stopped the container although Kabuto did not ask for it. A former spooler may
 * have asked for it: because of the time, or because the job wrote too much.
 */
static bool
runend_was_stopped(struct run *run)
{
	return run->usage.stopped != 0 && run->info.finished_at < runend_deadline_ms(run) &&
	    !runfolder_own_files_too_large(run);
}

void
runend_explain(struct run *run)
{
	char limit[QUANTITY_TEXT];
	int64_t code = run->info.exit_code;

	if (run->error[0] != '\0')
		return;
	if (run->cancelled && !run->timed_out && !run->over_disk && !run->over_own) {
		runend_set_error(run, JOB_KILLED);
		return;
	}
	if (run->info.state == CONTAINER_ABSENT)
		return;
	if (run->timed_out ||
	    (code > 128 && run->info.finished_at >= runend_deadline_ms(run) &&
		run->job.start_marked_at > 0)) {
		runend_set_error(run, "timed out after %lld s", (long long)run->job.timeout);
	} else if (run->over_disk) {
		runend_set_error(run, "the outbox is larger than its limit (%s)",
		    quantity_format_bytes(run->job.disk, limit));
	} else if (run->over_own) {
		runend_set_error(run,
		    "the job wrote too much into Kabuto's own files (/run/kabuto, /etc/hosts)");
	} else if (runend_was_stopped(run)) {
		runend_set_error(run,
		    "the engine stopped the container while the job ran (it or the machine was shut down)");
	} else if (code == 0) {
		return;
	} else if (runend_out_of_memory(run)) {
		runend_set_error(run, JOB_OUT_OF_MEMORY " (limit %s)",
		    quantity_format_bytes(run->job.memory, limit));
	} else if (!run->usage.complete) {
		/* kabuto-init did not finish, and Kabuto did not kill it. */
		runend_set_error(run, "the engine lost the container while the job ran");
	} else if (run->usage.exec_errno != 0 || run->usage.exec_reason[0] != '\0') {
		runend_explain_exec(run);
	} else if (run->usage.signal > 0 && sigabbrev_np((int)run->usage.signal) != NULL) {
		runend_set_error(run, "killed by signal %lld (SIG%s)", (long long)run->usage.signal,
		    sigabbrev_np((int)run->usage.signal));
	}
	runend_set_error(run, "exit code %lld", (long long)code);
}

/* Whether the error only repeats the exit code, which the log need not say. */
static bool
runend_is_exit_code(const char *error)
{
	return strncmp(error, "exit code ", 10) == 0 && strchr(error, ':') == NULL;
}

bool
runend_seal_log(struct run *run, struct error *err)
{
	const struct config *config = run->worker->config;
	char *lines[COLLECT_REMARKS_MOST + 9], dropped[160], unnamed[96], oom[96],
	    ended[RUN_ERROR + 16], retry[96], hint[RUNHINT_TEXT];
	char limit[QUANTITY_TEXT];
	size_t count = 0;

	if (run->usage.log_dropped > 0) {
		snprintf(dropped, sizeof dropped,
		    "the log is over its limit: %lld bytes of output were dropped",
		    (long long)run->usage.log_dropped);
		lines[count++] = dropped;
	}
	if (run->info.oom_killed || run->usage.oom_kills > 0) {
		snprintf(oom, sizeof oom, "killed: out of memory (limit %s)",
		    quantity_format_bytes(run->job.memory, limit));
		lines[count++] = oom;
	}
	for (size_t i = 0; i < run->remarks.count; i++)
		lines[count++] = run->remarks.texts[i];
	if (run->elsewhere != NULL)
		lines[count++] = run->elsewhere;
	if (run->remarks.unnamed > 0) {
		snprintf(unnamed, sizeof unnamed, "left out of the results: %zu more",
		    run->remarks.unnamed);
		lines[count++] = unnamed;
	}
	if (run->error[0] != '\0' && !runend_is_exit_code(run->error) &&
	    !runend_out_of_memory(run)) {
		snprintf(ended, sizeof ended, "failed: %s", run->error);
		lines[count++] = ended;
	}
	runhint_find(run, hint);
	if (hint[0] != '\0')
		lines[count++] = hint;
	if (run->error[0] != '\0' && run->job.retries_left > 0 && !run->cancelled) {
		snprintf(retry, sizeof retry, "retry %lld of %lld follows",
		    (long long)(run->job.retries - run->job.retries_left + 1),
		    (long long)run->job.retries);
		lines[count++] = retry;
	}
	return joblog_seal(run->worker->spooler->spool.logs, run->job.id, run->job.attempt,
		   config->log_limit, lines, count, err) &&
	    samples_seal(run->worker->spooler->spool.logs, run->job.id, run->job.attempt, err);
}
