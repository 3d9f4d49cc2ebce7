#ifndef KABUTO_ENTRY_H
#define KABUTO_ENTRY_H
/*
 * The files of a job's results: finds one in their listing, and sends it from their zip.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "response.h"

/* A file of the listing. */
struct entry {
	int64_t offset; /* of its header in the zip */
	int64_t size;
	char sha256[65]; /* in hexadecimal */
};

enum entry_kind { ENTRY_NONE, ENTRY_FILE, ENTRY_FOLDER };

/* Opens the listing to read it. Takes over fd, also if it fails. The caller closes *listing. */
bool entry_open(FILE **listing, int fd, struct error *err);

/*
 * Finds out what name is: a file (then *entry is set), a folder with at least one file, or neither.
 * A folder's name may end in "/"; the empty name is the top folder. False, with err set: the
 * listing cannot be read or is damaged.
 */
bool entry_find(FILE *listing, const char *name, enum entry_kind *kind, struct entry *entry,
    struct error *err);

/* Calls visit for each file, until it returns false. False, with err set, as for entry_find. */
typedef bool entry_visit(const char *name, const struct entry *entry, void *context);
bool entry_each(FILE *listing, entry_visit *visit, void *context, struct error *err);

/*
 * Sends a file from the zip, for a response_writer: with ETag, Range (RFC 9110, section 14) and
 * If-None-Match, and without a body for a HEAD. False, with err set: ERROR_RANGE, or the zip is
 * damaged; then headers that were added before are dropped, unless they were sent.
 */
bool entry_send(struct response *res, int zip, const struct entry *entry, struct error *err);

#endif
