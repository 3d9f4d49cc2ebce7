#ifndef KABUTO_ATTACHMENT_H
#define KABUTO_ATTACHMENT_H
/*
 * Files that come with a job or an image: their names, checked at the door, and their rows.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

struct attachment {
	char *name;   /* a relative path of valid components */
	int64_t size; /* bytes */
};

struct attachments {
	struct attachment *items;
	size_t count;
	size_t room;
};

/*
 * Whether a file may have this name: a relative path in valid UTF-8, no empty component, no "." or
 * "..", no control characters, components of at most 255 bytes, 1,024 in all. ERROR_INPUT names it.
 */
bool attachment_name_check(const char *name, struct error *err);

/*
 * Creates the file name, and the folders that it names, below the folder dir. The descriptor is the
 * caller's; -1 with err set, ERROR_INPUT where another attachment has the name or needs it as a
 * folder.
 */
int attachment_create(int dir, const char *name, struct error *err);

/* Bytes of all. */
int64_t attachment_size(const struct attachments *list);

/*
 * Adds those of former that the list has no file of the same name for: the rows to the list, and
 * the files, as hard links, from the folder from to the folder to. ERROR_INPUT where a file of one
 * has the name of a folder of the other; ERROR_TOO_LARGE where they are more than most.
 */
bool attachment_merge(struct attachments *list, const struct attachments *former, int64_t most,
    int from, int to, struct error *err);

/* Adds one to the list; the name is copied. */
bool attachment_add(struct attachments *list, const char *name, int64_t size, struct error *err);
void attachment_clear(struct attachments *list);

/* Their rows: written with the job's, and read by name. The list is the caller's to clear. */
bool attachment_insert(struct database *db, int64_t job, const struct attachments *list,
    struct error *err);
bool attachment_list(struct database *db, int64_t job, struct attachments *list, struct error *err);

#endif
