#ifndef KABUTO_EXTRACT_H
#define KABUTO_EXTRACT_H
/*
 * Unpacks the zip of a job's results without trusting it: absolute names, "..", links that lead
 * out, devices, two entries of one name, and files that would be written through a link are
 * refused. Everything goes to a hidden folder first; nothing half-unpacked is ever in the target.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct extract {
	const char *target; /* the folder; it is made if it does not exist, with those above it */
	bool force;         /* the target may have files; those of the same names are replaced */
	bool add;           /* the target may have other files (results_fetch_names) */
	bool quiet;         /* shows no progress */
	const volatile sig_atomic_t *stop; /* NULL, or: ends with ERROR_INTERRUPTED if it is set */

	/* The outcome: */
	size_t files; /* files and links */
	int64_t size; /* bytes of all files */
};

/*
 * Checks, before anything is fetched or sent, that the target can be used: it does not exist, or is
 * an empty folder or, with force, any folder, that may be written. ERROR_CONFLICT says what is in
 * the way and what to do.
 */
bool extract_check_target(const struct extract *extract, struct error *err);

/*
 * Unpacks the zip. Checks all names and the disk's free space before it writes anything, and the
 * target once more. On failure the target is as it was; with force, files may have been replaced
 * already if the disk fails then. ERROR_INPUT: the zip is damaged or hostile. ERROR_NO_SPACE: the
 * text says how many bytes are needed.
 */
bool extract_zip(struct extract *extract, int zip, struct error *err);

#endif
