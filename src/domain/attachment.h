#ifndef KABUTO_ATTACHMENT_H
#define KABUTO_ATTACHMENT_H
/*
 * Attachments, the files that are uploaded with a job or an image: their names, files and rows.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"
#include "digest.h"
#include "error.h"

struct attachment {
	char *name;                         /* a relative path of valid components */
	int64_t size;                       /* bytes */
	unsigned char digest[DIGEST_BYTES]; /* of the content of a context's file; else unused */
};

struct attachments {
	struct attachment *items;
	size_t count;
	size_t room;
};

/*
 * Creates the file `name`, and the folders in its path, below the folder dir. Its mode is 0755: a
 * form has no modes, a script must be executable, and any user in the container may read it. Docker
 * does the same for contexts from Windows. Returns a descriptor, which the caller closes, or -1
 * with err set. ERROR_INPUT: another attachment has this name, or has a folder of this name; the
 * caller adds the parameter's name.
 */
int attachment_create(int dir, const char *name, struct error *err);

/* Returns the sum of their sizes in bytes. */
int64_t attachment_size(const struct attachments *list);

/*
 * Adds to the list each one of `former` with a name that it does not have yet, and makes hard links
 * of their files from the folder `from` (-1: it does not exist) to the folder `to`. ERROR_INPUT: a
 * file of one has the name of a folder of the other. ERROR_TOO_LARGE: the list would have more than
 * `most` files. ERROR_CONFLICT: a file does not exist.
 */
bool attachment_merge(struct attachments *list, const struct attachments *former, int64_t most,
    int from, int to, struct error *err);

/* Takes the one with this name out of the list. Returns whether the list had it. */
bool attachment_remove(struct attachments *list, const char *name);

/* Adds one to the list. Copies the name. */
bool attachment_add(struct attachments *list, const char *name, int64_t size, struct error *err);
void attachment_clear(struct attachments *list);

/*
 * Write and read the rows of a job's attachments. attachment_list reads them in the order of names;
 * the caller must call attachment_clear.
 */
bool attachment_insert(struct database *db, int64_t job, const struct attachments *list,
    struct error *err);
bool attachment_list(struct database *db, int64_t job, struct attachments *list, struct error *err);

#endif
