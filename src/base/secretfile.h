#ifndef KABUTO_SECRETFILE_H
#define KABUTO_SECRETFILE_H
/*
 * Passwords in files that the configuration names. struct config does not hold them, since other
 * programs read the configuration too. Each password is read when it is needed and wiped after use
 * (secretfile_wipe), so that a changed file takes effect at once.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define SECRET_ROOM 4096 /* bytes of a password, NUL included */

/*
 * Reads the content of the file path, without the newline at its end, into secret. Fails if the
 * file does not exist, is empty, or may be read by others than root and this process's user and
 * group. The error's text names `setting`.
 */
bool secretfile_read(const char *path, const char *setting, char secret[static SECRET_ROOM],
    struct error *err);

/* Wipes a password. cleanup_secret does it at the end of the scope. */
void secretfile_wipe(char (*secret)[SECRET_ROOM]);
#define cleanup_secret __attribute__((cleanup(secretfile_wipe)))

#endif
