/*
 * kabuto put: adds files to a job that has not been submitted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "filelist.h"
#include "http.h"
#include "interrupt.h"
#include "jobref.h"
#include "jobtext.h"
#include "makecall.h"
#include "options.h"
#include "quantity.h"
#include "sendform.h"

static const char *cmd_put_links = "refuse";
static bool cmd_put_quiet, cmd_put_json;

static const struct options_row cmd_put_options[] = {
	{ '\0', "links", "LINKS", "symbolic links in folders: refuse (the default), follow or skip",
	    OPTIONS_TEXT, &cmd_put_links },
	{ 'q', "quiet", NULL, "show no progress and no summary", OPTIONS_FLAG, &cmd_put_quiet },
	{ '\0', "json", NULL, "the server's answer", OPTIONS_FLAG, &cmd_put_json },
	{ 0 },
};

static bool
cmd_put_list(struct filelist *list, int count, char **words, struct error *err)
{
	char remark[128];

	for (int i = 0; i < count; i++)
		if (!filelist_add(list, words[i], err))
			return false;
	if (!filelist_finish(list, err))
		return false;
	if (filelist_remark(list, remark, sizeof remark) && !cmd_put_quiet)
		display_say("%s", remark);
	return list->count > 0 ||
	    error_set(err, ERROR_INPUT, "there are no files to send in '%s'", words[0]);
}

/* The server would say so after all files have come. */
static bool
cmd_put_check_state(const struct jobref *job, struct error *err)
{
	const char *state = jobtext_member(job->job, "state");

	return (strcmp(state, "in_queue") != 0 && strcmp(state, "running") != 0) ||
	    error_set(err, ERROR_CONFLICT,
		"job %" PRId64
		" is %s: files can be added before it is submitted, and after its end",
		job->id, jobtext_state(state));
}

/* Sends the files. *sent becomes true if the server may have added them although it fails. */
static bool
cmd_put_send(struct http *http, const struct jobref *job, const struct filelist *list, bool *sent,
    struct error *err)
{
	cleanup_sendform struct sendform form = { .quiet = cmd_put_quiet,
		.stop_sent = interrupt_second() };
	cleanup_json json_t *answer = NULL;
	char path[96], size[QUANTITY_TEXT];
	bool done;

	snprintf(path, sizeof path, "/pipeline/%" PRId64 "/job/%" PRId64, job->pipeline, job->id);
	done = sendform_files(&form, "attachments", list, err) &&
	    sendform_send(&form, http, "PUT", path, NULL, &answer, err);
	*sent = form.sent;
	if (!done)
		return false;
	if (!cmd_put_quiet)
		display_say("%zu %s, %s, sent to job %" PRId64, list->count,
		    list->count == 1 ? "file" : "files", quantity_format_bytes(list->size, size),
		    job->id);
	if (cmd_put_json)
		display_json(answer);
	return true;
}

static int
cmd_put_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_jobref struct jobref job = { 0 };
	cleanup_filelist struct filelist list = { 0 };
	bool sent = false;
	struct error err;

	if (!filelist_read_links(cmd_put_links, &list.links, &err))
		return options_wrong(command, "%s", err.text);
	interrupt_begin();
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	http.stop = interrupt_first();
	http.quiet = cmd_put_quiet;
	if (cmd_put_list(&list, count - 1, words + 1, &err) &&
	    jobref_find(&http, words[0], &job, &err) && cmd_put_check_state(&job, &err) &&
	    cmd_put_send(&http, &job, &list, &sent, &err))
		return EXIT_DONE;
	return makecall_stopped(&err,
	    sent ? "the files may have been added; kabuto show tells"
		 : "nothing was added to the job",
	    EXIT_FAILED);
}

const struct command cmd_put = {
	.name = "put",
	.arguments = "JOB FILE|FOLDER...",
	.summary = "Adds files to a job that is neither in queue nor running.",
	.options = cmd_put_options,
	.least = 2,
	.most = -1,
	.run = cmd_put_run,
};
