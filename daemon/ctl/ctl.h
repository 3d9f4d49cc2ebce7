#ifndef KABUTO_CTL_H
#define KABUTO_CTL_H
/*
 * What the commands of kabutoctl share. kabutoctl.c has the table of commands and begins each; a
 * command returns one of program.h's exit codes and has said what there was to say.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "config.h"
#include "database.h"
#include "error.h"
#include "spool.h"

/* Options; a command's row says which it takes. */
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
	unsigned options;  /* of enum ctl_option, those that were given */
	const char *email; /* of --email */
	char **arguments;  /* behind the command's name; NULL ends them */
};

typedef int ctl_command(struct ctl *ctl);

static inline bool
ctl_has(const struct ctl *ctl, enum ctl_option option)
{
	return (ctl->options & option) != 0;
}

/* Says what went wrong, in one line on the standard error. Gives the exit code for it. */
int ctl_failed(const struct error *err);

/* Says that a command was called wrongly. Gives EXIT_USAGE. */
int ctl_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * What most commands begin with: goes on as the owner of the state directory, and opens its folders
 * and the database, which must be there.
 */
bool ctl_open(const struct ctl *ctl, struct spool *spool, struct database *db, struct error *err);

/* Writes a JSON value as one line to the standard output, and frees it. */
int ctl_print_json(json_t *json);

#endif
