/*
 * kabuto build: builds an image and prints its id.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buildfollower.h"
#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "http.h"
#include "imagesource.h"
#include "interrupt.h"
#include "jobref.h"
#include "makecall.h"
#include "number.h"
#include "options.h"

static const char *cmd_build_name, *cmd_build_context, *cmd_build_image, *cmd_build_repo,
    *cmd_build_links;
static struct options_texts cmd_build_arguments;
static bool cmd_build_nocache, cmd_build_detach, cmd_build_quiet, cmd_build_json;

static const struct options_row cmd_build_options[] = {
	{ 'n', "name", "NAME", "the image's name; without it, that of the folder", OPTIONS_TEXT,
	    &cmd_build_name },
	{ 'c', "context", "FOLDER", "the files that the Dockerfile copies", OPTIONS_TEXT,
	    &cmd_build_context },
	{ '\0', "links", "LINKS",
	    "symbolic links in the folder: refuse (the default), follow, skip", OPTIONS_TEXT,
	    &cmd_build_links },
	{ '\0', "build-arg", "NAME=VALUE", "a build argument of the Dockerfile", OPTIONS_TEXTS,
	    &cmd_build_arguments },
	{ '\0', "no-cache", NULL, "run each step anew", OPTIONS_FLAG, &cmd_build_nocache },
	{ '\0', "image", "IMAGE", "build this image again, under the same id", OPTIONS_TEXT,
	    &cmd_build_image },
	{ '\0', "repo", "URL", "build from this Git or Mercurial repository", OPTIONS_TEXT,
	    &cmd_build_repo },
	{ 'd', "detach", NULL, "print the build's id, and do not wait for it", OPTIONS_FLAG,
	    &cmd_build_detach },
	{ 'q', "quiet", NULL, "print the image's id only", OPTIONS_FLAG, &cmd_build_quiet },
	{ '\0', "json", NULL, "print the build as the server shows it", OPTIONS_FLAG,
	    &cmd_build_json },
	{ 0 },
};

/* Returns the last component of a path or URL, without ".git". The caller frees it. NULL: none. */
static char *
cmd_build_base(const char *path)
{
	size_t length = strlen(path), begin;

	while (length > 0 && path[length - 1] == '/')
		length--;
	for (begin = length; begin > 0 && path[begin - 1] != '/';)
		begin--;
	if (length - begin > 4 && strncmp(path + length - 4, ".git", 4) == 0)
		length -= 4;
	return length == begin ? NULL : strndup(path + begin, length - begin);
}

/* Returns the image's name: that of the option, else that of the folder. The caller frees it. */
static char *
cmd_build_choose_name(const char *path)
{
	const char *folder = cmd_build_context != NULL ? cmd_build_context : path;
	cleanup_free char *real = NULL;
	char *slash;

	if (cmd_build_name != NULL)
		return strdup(cmd_build_name);
	if (path == NULL)
		return cmd_build_base(cmd_build_repo);
	real = realpath(folder, NULL);
	if (real == NULL)
		return NULL;
	slash = strrchr(real, '/');
	if (imagesource_kind_of(real) == IMAGESOURCE_DOCKERFILE && slash != NULL)
		*slash = '\0';
	return cmd_build_base(real);
}

static bool
cmd_build_add_name(struct sendform *form, const char *path, struct error *err)
{
	cleanup_free char *name = NULL;

	if (cmd_build_image != NULL && cmd_build_name == NULL)
		return true;
	name = cmd_build_choose_name(path);
	if (name == NULL)
		return error_set(err, ERROR_INPUT, "the image needs a name: add -n NAME");
	return sendform_field(form, "name", name, err);
}

static bool
cmd_build_add(const struct imagesource *source, struct sendform *form, const char *path,
    struct error *err)
{
	bool done = cmd_build_add_name(form, path, err) &&
	    (path != NULL ? imagesource_add(source, form, "attachments", err)
			  : sendform_field(form, "repo_url", cmd_build_repo, err));

	for (size_t i = 0; done && i < cmd_build_arguments.count; i++)
		done = sendform_field(form, "build_arg", cmd_build_arguments.items[i], err);
	return done && (!cmd_build_nocache || sendform_field(form, "nocache", "true", err));
}

/* Reads the folder or Dockerfile. path NULL: there is none, but a repository. */
static bool
cmd_build_read(struct imagesource *source, const char *path, struct error *err)
{
	enum filelist_links links = FILELIST_LINKS_REFUSE;

	if (cmd_build_links != NULL && !filelist_read_links(cmd_build_links, &links, err))
		return false;
	if (path == NULL)
		return true;
	switch (imagesource_kind_of(path)) {
	case IMAGESOURCE_CONTEXT:
		return imagesource_read(source, NULL, path, links, err);
	case IMAGESOURCE_DOCKERFILE:
		return imagesource_read(source, path, cmd_build_context, links, err);
	default:
		return error_set(err, ERROR_INPUT, "'%s' is neither a file nor a folder", path);
	}
}

/* Follows the build to its end. Returns the exit code. */
static int
cmd_build_follow(struct http *http, int64_t id)
{
	struct output *output = calloc(1, sizeof *output);
	cleanup_json json_t *build = NULL;
	int64_t seen = 0;
	const char *words;
	struct error err;
	bool done;

	if (output == NULL) {
		display_say("not enough memory");
		return EXIT_FAILED;
	}
	output->fd = fileno(stderr);
	output->stop = interrupt_first();
	done = buildfollower_run(http, id, cmd_build_quiet || cmd_build_json ? NULL : output, &seen,
	    &build, &err);
	free(output);
	if (!done) {
		if (err.kind != ERROR_INTERRUPTED)
			display_say("%s", err.text);
		display_say("build %" PRId64 " goes on without this command; kabuto images shows "
			    "the image once it is built",
		    id);
		return err.kind == ERROR_INTERRUPTED ? interrupt_code() : EXIT_FAILED;
	}
	if (cmd_build_json)
		display_json(build);
	if (buildfollower_succeeded(build)) {
		if (!cmd_build_json)
			printf("%" PRId64 "\n",
			    (int64_t)json_integer_value(json_object_get(build, "id")));
		return EXIT_DONE;
	}
	words = json_string_value(json_object_get(build, "error"));
	display_say("the image was not built: %s",
	    words != NULL ? words : "the server does not say why");
	return EXIT_FAILED;
}

/* Sends the source. Returns the exit code. */
static int
cmd_build_start(struct http *http, const struct imagesource *source, const char *path)
{
	cleanup_sendform struct sendform form = { 0 };
	cleanup_json json_t *made = NULL;
	char target[64] = "/image";
	const struct makecall call = { .method = cmd_build_image != NULL ? "PUT" : "POST",
		.path = target,
		.maybe = "the image may be built; kabuto images shows it then",
		.trouble = EXIT_FAILED,
		.quiet = cmd_build_quiet };
	const char *id;
	struct error err;
	int64_t image, build;
	int status;

	if (cmd_build_image != NULL) {
		if (!jobref_find_image(http, cmd_build_image, &image, &err))
			return makecall_failed(&err, EXIT_FAILED);
		snprintf(target, sizeof target, "/image/%" PRId64, image);
	}
	if (!cmd_build_add(source, &form, path, &err))
		return makecall_failed(&err, EXIT_FAILED);
	status = makecall_send(http, &form, &call, &made);
	if (status != EXIT_DONE)
		return status;
	id = json_string_value(json_object_get(made, "build_id"));
	if (id == NULL || !number_parse_integer(id, &build)) {
		display_say("the server's answer has no build_id");
		return EXIT_FAILED;
	}
	if (!cmd_build_detach)
		return cmd_build_follow(http, build);
	if (cmd_build_json)
		display_json(made);
	else
		printf("%" PRId64 "\n", build);
	return EXIT_DONE;
}

static int
cmd_build_run(const struct command *command, int count, char **words)
{
	const char *path = count > 0 ? words[0] : NULL;
	cleanup_http struct http http = { 0 };
	struct imagesource source = { 0 };
	struct error err;
	int status;

	if ((path == NULL) == (cmd_build_repo == NULL))
		return options_wrong(command,
		    "build: give either a folder or Dockerfile, or --repo URL");
	if (cmd_build_context != NULL &&
	    (path == NULL || imagesource_kind_of(path) == IMAGESOURCE_CONTEXT))
		return options_wrong(command,
		    "-c goes with a Dockerfile, not with a folder or --repo");
	interrupt_begin();
	if (!cmd_build_read(&source, path, &err) || !makecall_open(&http, &err))
		status = makecall_failed(&err, EXIT_FAILED);
	else
		status = cmd_build_start(&http, &source, path);
	imagesource_clear(&source);
	return status;
}

const struct command cmd_build = {
	.name = "build",
	.arguments = "[FOLDER|DOCKERFILE]",
	.summary = "Builds an image, prints the output on stderr, and the image's id on stdout.",
	.options = cmd_build_options,
	.least = 0,
	.most = 1,
	.run = cmd_build_run,
};
