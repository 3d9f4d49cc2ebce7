#ifndef KABUTO_RUNFORM_H
#define KABUTO_RUNFORM_H
/*
 * What run and rerun send of a job: its command, options and files, from the command line.
 */
#include <stdbool.h>

#include "command.h"
#include "error.h"
#include "filelist.h"
#include "options.h"
#include "sendform.h"

/* The options, for OPTIONS_INCLUDE. */
extern const struct options_row runform_options[];

struct runform {
	enum filelist_links links;
	struct filelist files; /* the attachments */
};

/*
 * Checks the options, and lists the files of -f. Returns EXIT_DONE; EXIT_USAGE or EXIT_TROUBLE
 * after an error was printed. runform_clear must follow.
 */
int runform_begin(struct runform *run, const struct command *command);

/*
 * Adds the fields and files to the form. words: the job's command, which may be empty. run must
 * stay until the form is cleared.
 */
bool runform_add(const struct runform *run, struct sendform *form, char *const *words, int count,
    struct error *err);

/* Whether -f was given. */
bool runform_has_files(void);

void runform_clear(struct runform *run);

#endif
