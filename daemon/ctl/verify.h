#ifndef KABUTO_VERIFY_H
#define KABUTO_VERIFY_H
/*
 * Checks that the files that the database names exist.
 */
#include "ctl.h"

/* kabutoctl verify: checks the state directory, or a backup. */
ctl_command verify;

/*
 * Calls tell for each file that a row names and that is missing or has another size than the row
 * says. A job that runs again or is deleted meanwhile is not reported. Returns false only if the
 * database cannot be read.
 */
typedef void verify_tell(const char *what, void *context);
bool verify_files(struct database *db, struct spool *spool, verify_tell *tell, void *context,
    struct error *err);

#endif
