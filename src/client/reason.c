/*
 * Why a job is in its state. The server's words say what happened; the table has what to do.
 */
#include "reason.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "jobtext.h"
#include "quantity.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

/* How the error of a failed job begins, and the next step. %s: the job's number. */
static const struct failure {
	const char *beginning;
	const char *next;
	bool look;
} failures[] = {
	{ "the image has no program",
	    "Check the command's name, or use an image that has the program.", false },
	{ "the image has no ", "", false }, /* it says what to do */
	{ "user: ", "", false },
	{ "workdir: ", "", false },
	{ "killed by its owner", "Run it again if you need it after all: kabuto rerun %s", false },
	{ "cancelled", "Run it again if you need it after all: kabuto rerun %s", false },
	{ "the engine lost",
	    "This was not the job's fault. Run it again: kabuto rerun %s. With --retries 2 it would run again by itself.",
	    false },
	{ "the engine stopped",
	    "This was not the job's fault. Run it again: kabuto rerun %s. With --retries 2 it would run again by itself.",
	    false },
	{ "not run: job", "Look at that job first (kabuto why), then: kabuto rerun %s", false },
	{ "the outbox is larger",
	    "Write less to /outbox, or allow more: kabuto rerun %s --disk SIZE", false },
	{ "exit code 127",
	    "Its command was not found. Check the name, and that the image has the program.",
	    true },
	{ "exit code 126",
	    "Its command may not be executed. Check the file's permissions (chmod +x).", true },
	{ "exit code 137",
	    "Something in the job sent it SIGKILL. Look at the end of its log: kabuto logs %s",
	    true },
	{ "killed by signal", "The program crashed. Look at the end of its log: kabuto logs %s",
	    true },
	{ "exit code", "Look at its log: kabuto logs %s", true },
};

/* Rounds up to a whole number of GiB, or of 64 MiB below 1 GiB: "512m", "2g". */
static void
reason_write_size(int64_t bytes, char *text, size_t size)
{
	if (bytes > GIB - 64 * MIB)
		snprintf(text, size, "%" PRId64 "g", (bytes + GIB - 1) / GIB);
	else
		snprintf(text, size, "%" PRId64 "m", (bytes + 64 * MIB - 1) / (64 * MIB) * 64);
}

/* Returns the double of a member that a server sent, whatever it is. */
static int64_t
reason_double(const json_t *job, const char *member)
{
	int64_t value = json_integer_value(json_object_get(job, member));

	return value < 0 ? 0 : value < INT64_MAX / 4 ? 2 * value : INT64_MAX / 2;
}

static void
reason_explain_failure(const json_t *job, const char *id, struct reason *reason)
{
	const char *error = jobtext_member(job, "error");
	char size[32];

	snprintf(reason->text, sizeof reason->text, "It failed: %s.",
	    error[0] != '\0' ? error : "no reason is known");
	if (strncmp(error, "out of memory", 13) == 0) {
		reason_write_size(reason_double(job, "memory"), size, sizeof size);
		snprintf(reason->next, sizeof reason->next,
		    "Run it again with more memory: kabuto rerun %s --memory %s", id, size);
		return;
	}
	if (strncmp(error, "timed out", 9) == 0) {
		snprintf(reason->next, sizeof reason->next,
		    "Run it again with a longer time limit: kabuto rerun %s --timeout %" PRId64, id,
		    reason_double(job, "timeout"));
		reason->look = true;
		return;
	}
	if (strstr(error, "build it again") != NULL) {
		snprintf(reason->next, sizeof reason->next,
		    "Build its image again (kabuto build --image %" PRId64
		    "), then: kabuto rerun %s",
		    jobtext_id(job, "image"), id);
		return;
	}
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
		if (strncmp(error, failures[i].beginning, strlen(failures[i].beginning)) == 0) {
			const char *mark = strstr(failures[i].next, "%s");

			snprintf(reason->next, sizeof reason->next, "%.*s%s%s",
			    mark != NULL ? (int)(mark - failures[i].next) : 400, failures[i].next,
			    mark != NULL ? id : "", mark != NULL ? mark + 2 : "");
			reason->look = failures[i].look;
			return;
		}
	snprintf(reason->next, sizeof reason->next, "Look at its log: kabuto logs %s", id);
	reason->look = reason->log_only = true;
}

static void
reason_explain_queue(const json_t *job, const json_t *queue, struct reason *reason)
{
	const char *words = jobtext_member(queue, "reason");
	int64_t position = json_integer_value(json_object_get(queue, "position"));
	const json_t *eta = json_object_get(queue, "eta_s");
	char place[64] = "It waits", soon[96] = "", seconds[JOBTEXT];

	if (position > 0)
		snprintf(place, sizeof place, "It waits at place %" PRId64 " of its pipeline",
		    position);
	if (json_is_integer(eta) && json_integer_value(eta) > 0)
		snprintf(soon, sizeof soon, " It should start in about %s.",
		    jobtext_format_seconds((double)json_integer_value(eta), seconds));
	else if (json_is_integer(eta) && strncmp(words, "all ", 4) == 0)
		snprintf(soon, sizeof soon, " It should start soon.");
	snprintf(reason->text, sizeof reason->text, "%s: %s.%s", place, words, soon);
	if (strstr(words, "max_parallel") != NULL)
		snprintf(reason->next, sizeof reason->next,
		    "To run more of them at a time: kabuto api -d max_parallel=4 PUT /pipeline/%" PRId64,
		    jobtext_id(job, "pipeline"));
	else if (strstr(words, "of the account's jobs run") != NULL)
		snprintf(reason->next, sizeof reason->next,
		    "It starts when one of them ends: kabuto ps --state running lists them.");
	else if (strstr(words, "engine") != NULL || strstr(words, "disk") != NULL)
		snprintf(reason->next, sizeof reason->next,
		    "It starts by itself once the server can run jobs again. Nothing is lost.");
}

static void
reason_explain_running(const json_t *job, struct reason *reason)
{
	int64_t attempt = json_integer_value(json_object_get(job, "attempt"));
	int64_t timeout = json_integer_value(json_object_get(job, "timeout"));
	double seconds = jobtext_run_seconds(job);
	char text[JOBTEXT], limit[JOBTEXT];

	snprintf(reason->text, sizeof reason->text, "It has been running for %s%s.",
	    jobtext_format_seconds(seconds, text), attempt > 1 ? ", after an earlier attempt" : "");
	if (timeout > 0)
		snprintf(reason->next, sizeof reason->next,
		    "It is stopped after %s at the latest. Its output: kabuto logs -f %" PRId64,
		    jobtext_format_seconds((double)timeout, limit), jobtext_id(job, "id"));
}

static void
reason_explain_ready(const json_t *job, struct reason *reason)
{
	const char *error = jobtext_member(job, "error");

	if (error[0] != '\0')
		snprintf(reason->text, sizeof reason->text, "It is not in the queue: %s.", error);
	else
		snprintf(reason->text, sizeof reason->text, "It has not been submitted yet.");
	snprintf(reason->next, sizeof reason->next,
	    "Submit its pipeline to run it: kabuto submit %" PRId64, jobtext_id(job, "pipeline"));
}

void
reason_explain(const json_t *job, struct reason *reason)
{
	const char *state = jobtext_member(job, "state");
	const json_t *queue = json_object_get(job, "queue");
	char id[24];

	*reason = (struct reason){ 0 };
	snprintf(id, sizeof id, "%" PRId64, jobtext_id(job, "id"));
	if (json_is_object(queue)) /* also while its image is built, although it is "ready" */
		reason_explain_queue(job, queue, reason);
	else if (strcmp(state, "running") == 0)
		reason_explain_running(job, reason);
	else if (strcmp(state, "done") == 0)
		snprintf(reason->text, sizeof reason->text, "It ended with exit code 0.");
	else if (strcmp(state, "failed") == 0)
		reason_explain_failure(job, id, reason);
	else
		reason_explain_ready(job, reason);
}
