#ifndef KABUTO_VERIFY_H
#define KABUTO_VERIFY_H
/*
 * Whether all that rows speak of is there.
 */
#include "ctl.h"

/* kabutoctl verify: the state directory, or a backup. */
ctl_command verify;

/*
 * Calls tell for each file that a row names and that is not there, or is of another size. What runs
 * again or is deleted meanwhile is no finding.
 */
typedef void verify_tell(const char *what, void *context);
bool verify_files(struct database *db, struct spool *spool, verify_tell *tell, void *context,
    struct error *err);

#endif
