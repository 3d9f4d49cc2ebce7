/*
 * kabuto run: from a folder to its results by one command, with the job's own exit code.
 */
#include <inttypes.h>
#include <stdio.h>

#include "attend.h"
#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "http.h"
#include "imagesource.h"
#include "jobref.h"
#include "makecall.h"
#include "options.h"
#include "runform.h"

static const char *cmd_run_image, *cmd_run_context, *cmd_run_pipeline;
static struct options_texts cmd_run_arguments;
static bool cmd_run_nocache;

static const struct options_row cmd_run_options[] = {
	{ 'i', "image", "IMAGE|FILE|FOLDER",
	    "an image's id or name, a Dockerfile, or a folder with one", OPTIONS_TEXT,
	    &cmd_run_image },
	{ 'c', "context", "FOLDER", "the files that the Dockerfile copies", OPTIONS_TEXT,
	    &cmd_run_context },
	{ 'p', "pipeline", "ID", "add the job to this pipeline", OPTIONS_TEXT, &cmd_run_pipeline },
	{ '\0', "build-arg", "NAME=VALUE", "a build argument of the Dockerfile", OPTIONS_TEXTS,
	    &cmd_run_arguments },
	{ '\0', "no-cache", NULL, "build the image anew", OPTIONS_FLAG, &cmd_run_nocache },
	OPTIONS_INCLUDE(runform_options),
	OPTIONS_INCLUDE(attend_options),
	{ 0 },
};

/* What a run sends. */
struct run {
	struct runform form;
	struct imagesource source;
	int64_t image; /* 0: source is built */
};

/* Adds what the image is, and all else, to the form. */
static bool
cmd_run_add(const struct run *run, struct sendform *form, char **words, int count,
    struct error *err)
{
	char image[24];
	bool done;

	snprintf(image, sizeof image, "%" PRId64, run->image);
	done = run->image != 0 ? sendform_field(form, "image_id", image, err)
			       : imagesource_add(&run->source, form, "context", err);
	for (size_t i = 0; done && i < cmd_run_arguments.count; i++)
		done = sendform_field(form, "build_arg", cmd_run_arguments.items[i], err);
	if (done && cmd_run_nocache)
		done = sendform_field(form, "nocache", "true", err);
	if (done && cmd_run_pipeline != NULL)
		done = sendform_field(form, "pipeline", cmd_run_pipeline, err);
	return done && runform_add(&run->form, form, words, count, err);
}

/* Sends the form. *made gets the server's answer. Returns as attend_send. */
static int
cmd_run_send(struct http *http, const struct run *run, char **words, int count, json_t **made)
{
	cleanup_sendform struct sendform form = { 0 };
	struct error err;

	if (!cmd_run_add(run, &form, words, count, &err))
		return makecall_failed(&err, EXIT_TROUBLE);
	return attend_send(http, &form, "/run", made);
}

static int
cmd_run_start(const struct run *run, struct http *http, char **words, int count)
{
	cleanup_json json_t *made = NULL;
	int status = cmd_run_send(http, run, words, count, &made);
	struct attend attend = { .http = http, .made = made, .alone = cmd_run_pipeline == NULL };

	if (status != EXIT_DONE)
		return status;
	attend.job = json_integer_value(json_object_get(made, "job"));
	attend.pipeline = json_integer_value(json_object_get(made, "pipeline"));
	attend.build = json_integer_value(json_object_get(made, "build"));
	attend.page = json_string_value(json_object_get(json_object_get(made, "urls"), "page"));
	return attend_run(&attend);
}

/* Reads the image's source, or finds the image. */
static bool
cmd_run_find_image(struct run *run, struct http *http, struct error *err)
{
	enum imagesource_kind kind =
	    cmd_run_image == NULL ? IMAGESOURCE_CONTEXT : imagesource_kind_of(cmd_run_image);
	const char *context = cmd_run_context;

	if (kind == IMAGESOURCE_OTHER)
		return jobref_find_image(http, cmd_run_image, &run->image, err) ||
		    (err->kind == ERROR_NOT_FOUND &&
			error_wrap(err, "'%.200s' is no file or folder here", cmd_run_image));
	if (kind == IMAGESOURCE_CONTEXT && cmd_run_image != NULL)
		context = cmd_run_image;
	return imagesource_read(&run->source, kind == IMAGESOURCE_DOCKERFILE ? cmd_run_image : NULL,
	    context, run->form.links, err);
}

/* Checks the options that say what the image is. */
static int
cmd_run_check(const struct command *command)
{
	enum imagesource_kind kind;
	int64_t id;

	if (cmd_run_image == NULL && cmd_run_context == NULL)
		return options_wrong(command,
		    "-i is missing: an image's id or name, a Dockerfile, or a folder with one");
	if (cmd_run_pipeline != NULL && !jobref_parse_id(cmd_run_pipeline, &id))
		return options_wrong(command, "%s: a pipeline is a number", cmd_run_pipeline);
	kind = cmd_run_image == NULL ? IMAGESOURCE_CONTEXT : imagesource_kind_of(cmd_run_image);
	if (kind == IMAGESOURCE_CONTEXT && cmd_run_image != NULL && cmd_run_context != NULL)
		return options_wrong(command,
		    "-i %s is a folder already, so -c has no use: give a Dockerfile with -i",
		    cmd_run_image);
	if (kind != IMAGESOURCE_OTHER)
		return EXIT_DONE;
	if (cmd_run_context != NULL || cmd_run_arguments.count > 0 || cmd_run_nocache)
		return options_wrong(command,
		    "-i %s is no file or folder here, and an image takes no -c, --build-arg, --no-cache",
		    cmd_run_image);
	return EXIT_DONE;
}

static int
cmd_run_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	struct run run = { 0 };
	struct error err;
	int status = cmd_run_check(command);

	if (status == EXIT_DONE)
		status = attend_begin(command);
	if (status == EXIT_DONE)
		status = runform_begin(&run.form, command);
	if (status == EXIT_DONE &&
	    (!makecall_open(&http, &err) || !cmd_run_find_image(&run, &http, &err)))
		status = makecall_failed(&err, EXIT_TROUBLE);
	if (status == EXIT_DONE)
		status = cmd_run_start(&run, &http, words, count);
	imagesource_clear(&run.source);
	runform_clear(&run.form);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.arguments = "[--] [COMMAND...]",
	.summary = "Runs a command in a job, from files to results, with the job's exit code.",
	.options = cmd_run_options,
	.least = 0,
	.most = -1,
	.stops = true,
	.run = cmd_run_run,
};
