#ifndef KABUTO_PROGRAM_H
#define KABUTO_PROGRAM_H
/*
 * What our programs' mains have in common: options, the configuration, exit codes.
 */
#include <stdbool.h>

#include "config.h"

/* Exit codes (sysexits.h has the last one), so that cron and init systems can tell. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TRY_AGAIN = 75 };

/* Sets the process up: umask, locale, libsodium; and reads the configuration at path. */
bool program_set_up(struct config *config, const char *path, struct error *err);

/* The same; on false the reason was logged. */
bool program_start(struct config *config, const char *path);

/* The answer to -n: says on stdout that the configuration is good. */
void program_checked(const char *path);

/* What a program asks of a configuration besides. */
typedef bool program_accept(const struct config *config, struct error *err);

/*
 * Reads the configuration anew, at a SIGHUP. Gives the new one, or the old one where the file is
 * wrong, accept (NULL: none) refuses it or a setting is changed that needs a restart; the log says
 * so. Both stay valid, since threads may still read the old one, until program_end gives all of
 * them back.
 */
const struct config *program_reload(const struct config *old, const char *path,
    program_accept *accept);
void program_end(const struct config *last);

#endif
