#ifndef KABUTO_PROGRAM_H
#define KABUTO_PROGRAM_H
/*
 * What the main functions of our programs share: the configuration and the exit codes.
 */
#include <stdbool.h>

#include "config.h"

/* Exit codes, for cron and init systems. The last one is EX_TEMPFAIL of sysexits.h. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TRY_AGAIN = 75 };

/* Sets up the process (umask, locale, libsodium), and reads the configuration at path. */
bool program_set_up(struct config *config, const char *path, struct error *err);

/* The same, but logs the error. */
bool program_start(struct config *config, const char *path);

/* Answers -n: prints "<path>: ok" on stdout. */
void program_checked(const char *path);

/* A program's own check of a new configuration. Returns false, with err set, to refuse it. */
typedef bool program_accept(const struct config *config, struct error *err);

/*
 * Reads the configuration again, after a SIGHUP, and returns it. Returns the old one, and logs why,
 * if the file is wrong, if accept (may be NULL) refuses it, or if a setting changed that needs a
 * restart. Both stay valid, since threads may still read the old one. program_end frees all.
 */
const struct config *program_reload(const struct config *old, const char *path,
    program_accept *accept);
void program_end(const struct config *last);

#endif
