/*
 * Turns options into the fields of a job.
 */
#include "runform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "display.h"
#include "shellline.h"

/* Options that the server gets as they are. It checks them, and names the limits. */
static const char *runform_name, *runform_memory, *runform_cpus, *runform_pids, *runform_disk,
    *runform_timeout, *runform_grace, *runform_network, *runform_retries, *runform_user,
    *runform_workdir, *runform_stderr;
static const struct {
	const char *field, *const *value;
} runform_fields[] = {
	{ "name", &runform_name },
	{ "memory", &runform_memory },
	{ "cpus", &runform_cpus },
	{ "pids", &runform_pids },
	{ "disk", &runform_disk },
	{ "timeout", &runform_timeout },
	{ "grace", &runform_grace },
	{ "network", &runform_network },
	{ "retries", &runform_retries },
	{ "user", &runform_user },
	{ "workdir", &runform_workdir },
	{ "stderr", &runform_stderr },
};
#define RUNFORM_FIELDS (sizeof runform_fields / sizeof runform_fields[0])

static struct options_texts runform_env, runform_files;
static const char *runform_links;
static bool runform_exec;

const struct options_row runform_options[] = {
	{ 'f', "file", "FILE|FOLDER", "send it: /inbox has it in the job", OPTIONS_TEXTS,
	    &runform_files },
	{ '\0', "links", "LINKS", "symbolic links in folders: refuse (the default), follow, skip",
	    OPTIONS_TEXT, &runform_links },
	{ 'e', "env", "NAME[=VALUE]", "an environment variable; without VALUE, as it is here",
	    OPTIONS_TEXTS, &runform_env },
	{ 'n', "name", "NAME", "the job's name", OPTIONS_TEXT, &runform_name },
	{ '\0', "memory", "BYTES", "memory limit: 512m, 2g", OPTIONS_TEXT, &runform_memory },
	{ '\0', "cpus", "NUMBER", "processors: 1.5", OPTIONS_TEXT, &runform_cpus },
	{ '\0', "pids", "NUMBER", "the most processes and threads", OPTIONS_TEXT, &runform_pids },
	{ '\0', "disk", "BYTES", "the largest size of the results: 10g", OPTIONS_TEXT,
	    &runform_disk },
	{ '\0', "timeout", "SECONDS", "end the job after so long", OPTIONS_TEXT, &runform_timeout },
	{ '\0', "grace", "SECONDS", "time between SIGTERM and SIGKILL", OPTIONS_TEXT,
	    &runform_grace },
	{ '\0', "network", "NETWORK", "none or bridge: whether the job reaches the network",
	    OPTIONS_TEXT, &runform_network },
	{ '\0', "retries", "NUMBER", "run it again this many times if it fails", OPTIONS_TEXT,
	    &runform_retries },
	{ '\0', "user", "USER", "the user in the container", OPTIONS_TEXT, &runform_user },
	{ '\0', "workdir", "FOLDER", "the folder in the container", OPTIONS_TEXT,
	    &runform_workdir },
	{ '\0', "stderr", "STREAM", "stdout: one pipe for both streams; separate: two",
	    OPTIONS_TEXT, &runform_stderr },
	{ '\0', "exec", NULL, "run the words without a shell, after the image's ENTRYPOINT",
	    OPTIONS_FLAG, &runform_exec },
	{ 0 },
};

/* Whether each variable without a value is set here. */
static int
runform_check_env(const struct command *command)
{
	for (size_t i = 0; i < runform_env.count; i++) {
		const char *text = runform_env.items[i];

		if (text[0] == '=' || text[0] == '\0')
			return options_wrong(command, "-e takes NAME=VALUE");
		if (strchr(text, '=') == NULL && getenv(text) == NULL)
			return options_wrong(command,
			    "-e %s: the variable is not set here; write -e %s=VALUE", text, text);
	}
	return EXIT_DONE;
}

static bool
runform_list_files(struct runform *run, struct error *err)
{
	char remark[128];

	run->files.links = run->links;
	for (size_t i = 0; i < runform_files.count; i++)
		if (!filelist_add(&run->files, runform_files.items[i], err))
			return false;
	if (!filelist_finish(&run->files, err))
		return false;
	if (filelist_remark(&run->files, remark, sizeof remark))
		display_say("%s", remark);
	return true;
}

int
runform_begin(struct runform *run, const struct command *command)
{
	struct error err;
	int status = runform_check_env(command);

	*run = (struct runform){ 0 };
	if (status != EXIT_DONE)
		return status;
	if (runform_links != NULL && !filelist_read_links(runform_links, &run->links, &err))
		return options_wrong(command, "%s", err.text);
	return runform_list_files(run, &err) ? EXIT_DONE : display_failed(&err, EXIT_TROUBLE);
}

static bool
runform_add_env(struct sendform *form, const char *text, struct error *err)
{
	cleanup_free char *pair = NULL;

	if (strchr(text, '=') != NULL)
		return sendform_field(form, "env", text, err);
	if (asprintf(&pair, "%s=%s", text, getenv(text)) < 0) {
		pair = NULL;
		return error_set(err, ERROR_SYSTEM, "not enough memory");
	}
	return sendform_field(form, "env", pair, err);
}

static bool
runform_add_command(struct sendform *form, char *const *words, int count, struct error *err)
{
	cleanup_free char *command = NULL;

	if (count == 0)
		return true;
	command = runform_exec ? shellline_array(words, (size_t)count)
			       : shellline_of(words, (size_t)count);
	if (command == NULL)
		return error_set(err, ERROR_INPUT,
		    "the command cannot be sent: its words must be UTF-8");
	return sendform_field(form, "command", command, err);
}

bool
runform_add(const struct runform *run, struct sendform *form, char *const *words, int count,
    struct error *err)
{
	if (!runform_add_command(form, words, count, err))
		return false;
	for (size_t i = 0; i < RUNFORM_FIELDS; i++)
		if (*runform_fields[i].value != NULL &&
		    !sendform_field(form, runform_fields[i].field, *runform_fields[i].value, err))
			return false;
	for (size_t i = 0; i < runform_env.count; i++)
		if (!runform_add_env(form, runform_env.items[i], err))
			return false;
	return run->files.count == 0 || sendform_files(form, "attachments", &run->files, err);
}

bool
runform_has_files(void)
{
	return runform_files.count > 0;
}

void
runform_clear(struct runform *run)
{
	filelist_clear(&run->files);
}
