/*
 * kabuto open: prints the URL of a page, and opens it in a browser on a desktop.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "http.h"
#include "jobref.h"
#include "options.h"

static bool cmd_open_print;

static const struct options_row cmd_open_options[] = {
	{ 'p', "print", NULL, "print the URL, and open nothing", OPTIONS_FLAG, &cmd_open_print },
	{ 0 },
};

static bool
cmd_open_has(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* Starts xdg-open without our streams. A process in between lets init be its parent. */
static void
cmd_open_start(const char *url)
{
	pid_t child;

	if (fflush(stdout) != 0)
		return;
	child = fork();
	if (child == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		if (setsid() < 0 || fork() != 0)
			_exit(0);
		if (freopen("/dev/null", "r", stdin) != NULL &&
		    freopen("/dev/null", "w", stdout) != NULL &&
		    freopen("/dev/null", "w", stderr) != NULL)
			(void)execlp("xdg-open", "xdg-open", url, (char *)NULL);
		_exit(127);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static int
cmd_open_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_jobref struct jobref job = { 0 };
	struct error err;
	char url[2048];

	(void)command;
	if (!http_open(&http, &err) || (count > 0 && !jobref_find(&http, words[0], &job, &err)))
		return display_failed(&err, EXIT_FAILED);
	if (count > 0)
		snprintf(url, sizeof url, "%s/ui/job/%" PRId64, http.settings.url, job.id);
	else
		snprintf(url, sizeof url, "%s/ui/", http.settings.url);
	puts(url);
	if (!cmd_open_print && display_is_terminal(stdout) &&
	    (cmd_open_has("DISPLAY") || cmd_open_has("WAYLAND_DISPLAY")))
		cmd_open_start(url);
	return EXIT_DONE;
}

const struct command cmd_open = {
	.name = "open",
	.arguments = "[JOB]",
	.summary = "Prints the URL of the dashboard, or of a job's page, and opens it.",
	.options = cmd_open_options,
	.most = 1,
	.run = cmd_open_run,
};
