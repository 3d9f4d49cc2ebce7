#ifndef KABUTO_CTL_H
#define KABUTO_CTL_H
/*
 * Code that the commands of kabutoctl share. kabutoctl.c has the table of commands and calls them.
 * A command prints its own output and errors, and returns one of program.h's exit codes.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "config.h"
#include "database.h"
#include "error.h"
#include "spool.h"

/* Options. A command's row in the table says which options it accepts. */
enum ctl_option {
	CTL_DRY_RUN = 1 << 0,
	CTL_JSON = 1 << 1,
	CTL_VERBOSE = 1 << 2,
	CTL_FORCE = 1 << 3,
	CTL_EMAIL = 1 << 4,
	CTL_ADMIN = 1 << 5,
};

struct ctl {
	const struct config *config;
	unsigned options;  /* of enum ctl_option: the options on the command line */
	const char *email; /* argument of --email, or NULL */
	char **arguments;  /* after the command's name; ends with NULL */
};

typedef int ctl_command(struct ctl *ctl);

static inline bool
ctl_has(const struct ctl *ctl, enum ctl_option option)
{
	return (ctl->options & option) != 0;
}

/* Prints err as one line on the standard error. Returns the exit code for err->kind. */
int ctl_failed(const struct error *err);

/* Prints a usage error as one line on the standard error. Returns EXIT_USAGE. */
int ctl_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Becomes the owner of the state directory, and opens its folders and the database. Most commands
 * begin with it. The database must exist. On success the caller closes *spool with spool_close and
 * *db with connection_close. On failure nothing is open.
 */
bool ctl_open(const struct ctl *ctl, struct spool *spool, struct database *db, struct error *err);

/*
 * Writes json as one line to the standard output, and frees it. NULL counts as an error. Prints an
 * error itself. Returns EXIT_DONE or EXIT_FAILED.
 */
int ctl_print_json(json_t *json);

#endif
