#ifndef KABUTO_SECRETFILE_H
#define KABUTO_SECRETFILE_H
/*
 * Passwords that the configuration names a file for. They are in no struct config, since other
 * programs read that too: each is read where it is needed, and wiped behind it (secretfile_wipe),
 * so that a new one in the file counts at once.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define SECRET_ROOM 4096 /* bytes of a password, NUL included */

/*
 * Reads what is in the file path, without the newline at its end, into secret. Refused in words
 * that name setting: a file that is not there, has nothing in it, or may be read by anybody but
 * this process's user and group and root.
 */
bool secretfile_read(const char *path, const char *setting, char secret[static SECRET_ROOM],
    struct error *err);

/* Wipes one; also as the end of its scope. */
void secretfile_wipe(char (*secret)[SECRET_ROOM]);
#define cleanup_secret __attribute__((cleanup(secretfile_wipe)))

#endif
