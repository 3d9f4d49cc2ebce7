#ifndef KABUTO_COMMAND_H
#define KABUTO_COMMAND_H
/*
 * The commands of kabuto. Each has a file cmd_<name>.c that defines a struct command; kabuto.c has
 * the table of all and calls them. A command reads its options into static variables, prints its
 * own output on stdout, its errors on stderr (display.h), and returns an exit code.
 */
#include <stdbool.h>

#include "exitcode.h"

struct options_row;

struct command {
	const char *name;
	const char *arguments; /* what follows the options in the usage line; "" if nothing */
	const char *summary;   /* one sentence for the help */
	const struct options_row *options; /* ends with a row without a help text; NULL: none */
	int least, most; /* number of words after the options; most -1: any number */
	bool stops;      /* the first word ends the options: what follows is the job's command */
	/* Gets the words after the options, and NULL at their end. Returns the exit code. */
	int (*run)(const struct command *command, int count, char **words);
};

/* clang-format off */
extern const struct command
	cmd_api,
	cmd_build,
	cmd_get,
	cmd_images,
	cmd_kill,
	cmd_login,
	cmd_logs,
	cmd_open,
	cmd_ps,
	cmd_put,
	cmd_rerun,
	cmd_run,
	cmd_show,
	cmd_submit,
	cmd_token,
	cmd_wait,
	cmd_why;
/* clang-format on */

#endif
