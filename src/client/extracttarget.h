#ifndef KABUTO_EXTRACTTARGET_H
#define KABUTO_EXTRACTTARGET_H
/*
 * The folder that files are unpacked into. They are written to a hidden folder on its filesystem
 * first, which is locked (flock) as long as the program uses it, and moved when they are complete.
 * A hidden folder that a killed program has left is emptied and used again.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct extracttarget {
	const char *path; /* as the user wrote it */
	bool force;
	bool add;     /* the target may have other files even without force */
	bool exists;  /* the target is a folder */
	int at;       /* the target, or the nearest folder above it that exists */
	char *rest;   /* what is missing of the path below `at`; "" if the target exists */
	char *hidden; /* the hidden folder's name in `at`; NULL: not made */
	int folder;   /* the hidden folder, or -1 */
};

/*
 * Opens the target. *target has path, force and add, and zeros. ERROR_CONFLICT: it is no folder, or
 * it has files, and neither force nor add is set. The caller calls extracttarget_close, also after
 * a failure.
 */
bool extracttarget_open(struct extracttarget *target, struct error *err);

/* Checks that the target does not have the file `name` yet, or that force is set. */
bool extracttarget_check_file(const struct extracttarget *target, const char *name,
    struct error *err);

/*
 * Makes the hidden folder. ERROR_CONFLICT: another program unpacks into the same target now, or the
 * folder that is there belongs to another user.
 */
bool extracttarget_begin(struct extracttarget *target, struct error *err);

/*
 * Opens the folder that contains the file `name` below the hidden folder, and makes those that are
 * missing. The caller has checked the name (pathname_is_below), and closes the descriptor. -1 with
 * errno ELOOP or ENOTDIR: a part of the name is a link or a file.
 */
int extracttarget_open_parent(const struct extracttarget *target, const char *name);

/*
 * Moves what the hidden folder has to the target, and removes the hidden folder. Where a folder and
 * a file would replace each other, or a file would be replaced without force, nothing is moved, and
 * the result is ERROR_CONFLICT.
 */
bool extracttarget_finish(struct extracttarget *target, struct error *err);

/* Removes the hidden folder if it is still there, and frees all. */
void extracttarget_close(struct extracttarget *target);

#endif
