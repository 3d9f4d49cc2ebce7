/*
 * Follows a job from its making to its results.
 */
#include "attend.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buildfollower.h"
#include "cleanup.h"
#include "display.h"
#include "extract.h"
#include "follower.h"
#include "interrupt.h"
#include "jobend.h"
#include "logprinter.h"
#include "makecall.h"
#include "outcome.h"
#include "reason.h"
#include "results.h"
#include "shellline.h"

#define EXIT_PIPE 141 /* as a shell has it for a program that SIGPIPE ended */

static const char *attend_folder;
static bool attend_detach, attend_quiet, attend_kill, attend_force, attend_json;

const struct options_row attend_options[] = {
	{ 'o', "output", "FOLDER", "unpack the results there at the end", OPTIONS_TEXT,
	    &attend_folder },
	{ '\0', "force", NULL, "let the folder of -o have files; replace those of the same names",
	    OPTIONS_FLAG, &attend_force },
	{ 'd', "detach", NULL, "print the job's id, and do not wait for it", OPTIONS_FLAG,
	    &attend_detach },
	{ '\0', "kill", NULL, "end the job at Ctrl-C", OPTIONS_FLAG, &attend_kill },
	{ 'q', "quiet", NULL, "print the job's own output only", OPTIONS_FLAG, &attend_quiet },
	{ '\0', "json", NULL, "print the job as the server shows it, not its output", OPTIONS_FLAG,
	    &attend_json },
	{ 0 },
};

/* The beginnings of the log's line that says why a job failed. */
static const char *const attend_endings[] = { "failed: ", "killed: " };

/* A job that is being attended. */
struct attending {
	const struct attend *attend;
	struct logprinter *printer;
	int64_t seen;      /* messages of the build */
	int64_t last;      /* id of the last line that was printed */
	bool killing;      /* a signal asked to end the job */
	char ending[512];  /* the error that the log's last lines tell; or "" */
	char waiting[512]; /* why the job waits, as it was said last */
};

/* Before the job */

static struct extract
attend_target(void)
{
	return (struct extract){ .target = attend_folder,
		.force = attend_force,
		.quiet = attend_quiet,
		.stop = interrupt_first() };
}

bool
attend_is_json(void)
{
	return attend_json;
}

bool
attend_waits(void)
{
	return attend_folder != NULL || attend_kill;
}

int
attend_begin(const struct command *command)
{
	const struct extract target = attend_target();
	struct error err;

	if (attend_detach && attend_waits())
		return options_wrong(command,
		    "-d does not wait for the job: it goes with neither -o nor --kill");
	interrupt_begin();
	if (attend_folder != NULL && !extract_check_target(&target, &err))
		return display_failed(&err, EXIT_TROUBLE);
	return EXIT_DONE;
}

int
attend_send(struct http *http, struct sendform *form, const char *path, json_t **answer)
{
	const struct makecall call = { .method = "POST",
		.path = path,
		.maybe = "the job may have started; kabuto ps shows it",
		.trouble = EXIT_TROUBLE,
		.quiet = attend_quiet };

	return makecall_send(http, form, &call, answer);
}

/* A job that is left alone */

/* Prints how to go on. */
static void
attend_leave(const struct attend *attend)
{
	cleanup_free char *folder = attend_folder != NULL ? shellline_quote(attend_folder) : NULL;

	display_say("job %" PRId64 " goes on without this command:", attend->job);
	fprintf(stderr, "  kabuto logs -f %" PRId64 "\n", attend->job);
	fprintf(stderr, "  kabuto get %" PRId64 "%s%s\n", attend->job, folder != NULL ? " -o " : "",
	    folder != NULL ? folder : "");
	fprintf(stderr, "  kabuto kill %" PRId64 "\n", attend->job);
}

/* Ends the attendance because of err, while the job goes on. Returns the exit code. */
static int
attend_stop(const struct attending *attending, const struct error *err)
{
	int code = EXIT_TROUBLE;

	logprinter_finish(attending->printer);
	if (logprinter_closed(attending->printer)) {
		display_say("nobody reads the output any more");
		code = EXIT_PIPE;
	} else if (err->kind == ERROR_INTERRUPTED) {
		code = interrupt_code();
	} else {
		display_say("%s", err->text);
		if (err->kind == ERROR_NOT_FOUND || err->kind == ERROR_GONE)
			return code;
	}
	attend_leave(attending->attend);
	return code;
}

/* Whether a signal asks to end the job. A second one leaves it alone all the same. */
static bool
attend_must_kill(const struct attending *attending, const struct error *err)
{
	return attend_kill && err->kind == ERROR_INTERRUPTED && !attending->killing &&
	    interrupt_signal() != 0 && !*interrupt_second();
}

/* From now on only a second signal ends what is done. */
static void
attend_begin_kill(struct attending *attending)
{
	attending->killing = true;
	attending->attend->http->stop = interrupt_second();
	logprinter_set_stop(attending->printer, interrupt_second());
}

/* The end of the job */

/*
 * Says why a job that has ended failed, if its log has not said so, and what to do, if that is not
 * only to look at the log.
 */
static void
attend_explain(const struct attending *attending, const json_t *job)
{
	const char *error = outcome_error(job);
	struct reason reason;

	if (attend_quiet)
		return;
	if (error == NULL || attend_json || strcmp(error, attending->ending) != 0)
		display_say("job %" PRId64 " failed: %s", attending->attend->job,
		    error != NULL ? error : "the server does not say why");
	reason_explain(job, &reason);
	if (reason.next[0] != '\0' && !reason.log_only &&
	    (error == NULL || strncmp(error, "exit code ", 10) != 0 || strchr(error, ':') != NULL))
		display_say("%s", reason.next);
}

/* Fetches the results. Returns the exit code: the job's, if it has failed or all went well. */
static int
attend_fetch(const struct attending *attending, const json_t *job, int code)
{
	const struct attend *attend = attending->attend;
	struct extract extract = attend_target();
	cleanup_free char *folder = NULL;
	struct error err;

	if (json_is_null(json_object_get(job, "results_path"))) {
		display_say("job %" PRId64 " has no results", attend->job);
		return code;
	}
	if (results_fetch(attend->http, attend->pipeline, attend->job, &extract, &err)) {
		if (!attend_quiet)
			display_say("%zu %s in %s", extract.files,
			    extract.files == 1 ? "file" : "files", attend_folder);
		return code;
	}
	if (err.kind != ERROR_INTERRUPTED)
		display_say("%s", err.text);
	folder = shellline_quote(attend_folder);
	display_say("job %" PRId64 " has ended; its results stay on the server:", attend->job);
	fprintf(stderr, "  kabuto get %" PRId64 " -o %s\n", attend->job,
	    folder != NULL ? folder : "FOLDER");
	if (err.kind == ERROR_INTERRUPTED)
		return interrupt_code();
	return code != EXIT_DONE ? code : EXIT_TROUBLE;
}

/* Returns the exit code for a job that has ended or is idle. */
static int
attend_finish(const struct attending *attending, const json_t *job)
{
	int code = outcome_code(job);

	if (attend_json)
		display_json(job);
	if (outcome_idle(job))
		display_say("job %" PRId64 " was taken out of the queue, so it did not run",
		    attending->attend->job);
	else if (code != EXIT_DONE)
		attend_explain(attending, job);
	if (attending->killing)
		return interrupt_code();
	return attend_folder != NULL && !outcome_idle(job) ? attend_fetch(attending, job, code)
							   : code;
}

/* The log */

/* Keeps the error of a system line "failed: <error>" or "killed: <error>". */
static void
attend_note_ending(struct attending *attending, const char *text)
{
	for (size_t i = 0; i < sizeof attend_endings / sizeof attend_endings[0]; i++) {
		size_t length = strlen(attend_endings[i]);

		if (strncmp(text, attend_endings[i], length) == 0)
			snprintf(attending->ending, sizeof attending->ending, "%s", text + length);
	}
}

static bool
attend_line(void *context, const struct follower_line *line, struct error *err)
{
	struct attending *attending = context;

	attending->last = line->id;
	if (strcmp(line->stream, "system") != 0)
		attending->ending[0] = '\0';
	else
		attend_note_ending(attending, line->text);
	return attend_json || logprinter_line(attending->printer, line, err);
}

static bool
attend_flush(void *context, struct error *err)
{
	struct attending *attending = context;

	return logprinter_flush(attending->printer, err);
}

/* Says why the job waits, each reason once. That others have all slots is the usual, short wait. */
static void
attend_say_wait(struct attending *attending, const json_t *job)
{
	const char *why =
	    json_string_value(json_object_get(json_object_get(job, "queue"), "reason"));

	if (attend_quiet || why == NULL || strncmp(why, "all ", 4) == 0 ||
	    strncmp(why, attending->waiting, sizeof attending->waiting - 1) == 0)
		return;
	snprintf(attending->waiting, sizeof attending->waiting, "%s", why);
	display_say("job %" PRId64 " waits: %s", attending->attend->job, why);
}

static bool
attend_state(void *context, const json_t *job, struct error *err)
{
	struct attending *attending = context;

	(void)err;
	attend_say_wait(attending, job);
	logprinter_set_job(attending->printer, job);
	return true;
}

/* Follows the job to its end. */
static bool
attend_follow(struct attending *attending, json_t **job, struct error *err)
{
	const struct follower follower = { .http = attending->attend->http,
		.job = attending->attend->job,
		.after = attending->last,
		.line = attend_line,
		.state = attend_state,
		.flush = attend_flush,
		.context = attending };
	bool done = follower_run(&follower, job, err);

	logprinter_finish(attending->printer);
	return done;
}

static int
attend_job(struct attending *attending)
{
	cleanup_json json_t *job = NULL;
	struct error err;

	if (attend_follow(attending, &job, &err))
		return attend_finish(attending, job);
	if (!attend_must_kill(attending, &err))
		return attend_stop(attending, &err);
	attend_begin_kill(attending);
	if (!jobend_kill(attending->attend->http, attending->attend->pipeline,
		attending->attend->job, attending->attend->alone, &err) ||
	    !attend_follow(attending, &job, &err))
		return attend_stop(attending, &err);
	return attend_finish(attending, job);
}

/* The build */

/* Follows the build that the job waits for. */
static bool
attend_follow_build(struct attending *attending, json_t **build, struct error *err)
{
	const struct attend *attend = attending->attend;
	bool silent = attend_quiet || attend_json;

	return buildfollower_run(attend->http, attend->build,
	    silent ? NULL : &attending->printer->error, &attending->seen, build, err);
}

/* Cancels the build, whose job is deleted then, and waits for its end. */
static bool
attend_cancel_build(struct attending *attending, json_t **build, struct error *err)
{
	char path[64];

	attend_begin_kill(attending);
	snprintf(path, sizeof path, "/image/build/%" PRId64, attending->attend->build);
	/* ERROR_CONFLICT: it has just ended. */
	return (http_call(attending->attend->http, "DELETE", path, NULL, NULL, err) ||
		   err->kind == ERROR_CONFLICT) &&
	    attend_follow_build(attending, build, err);
}

static int
attend_job_after_build(struct attending *attending)
{
	cleanup_json json_t *build = NULL;
	struct error err;
	const char *words;

	if (!attend_follow_build(attending, &build, &err) &&
	    !(attend_must_kill(attending, &err) && attend_cancel_build(attending, &build, &err)))
		return attend_stop(attending, &err);
	if (buildfollower_succeeded(build))
		return attend_job(attending);
	words = json_string_value(json_object_get(build, "error"));
	display_say("the image was not built, so no job runs: %s",
	    words != NULL ? words : "the server does not say why");
	return attending->killing ? interrupt_code() : EXIT_TROUBLE;
}

/* The whole */

/* Prints the job that nobody waits for. */
static int
attend_detached(const struct attend *attend)
{
	if (attend_json)
		display_json(attend->made);
	else
		printf("%" PRId64 "\n", attend->job);
	return EXIT_DONE;
}

int
attend_run(const struct attend *attend)
{
	struct attending attending = { .attend = attend };
	struct error err;
	int code;

	if (attend->job <= 0) {
		(void)httpanswer_foreign(attend->http->settings.url, &err);
		return display_failed(&err, EXIT_TROUBLE);
	}
	if (attend_detach)
		return attend_detached(attend);
	attending.printer = logprinter_new(attend->http, attend->job);
	if (attending.printer == NULL) {
		display_say("not enough memory");
		attend_leave(attend);
		return EXIT_TROUBLE;
	}
	attending.printer->quiet = attend_quiet;
	attend->http->stop = interrupt_first();
	if (!attend_quiet && attend->page != NULL)
		display_say("job %" PRId64 ": %s", attend->job, attend->page);
	code = attend->build != 0 ? attend_job_after_build(&attending) : attend_job(&attending);
	logprinter_free(attending.printer);
	return code;
}
