#ifndef KABUTO_ZIPDIRECTORY_H
#define KABUTO_ZIPDIRECTORY_H
/*
 * Reads the central directory of a zip (PKWARE's APPNOTE 6.3.10, sections 4.3.7 to 4.3.16), which
 * has the name, the mode and the size of each entry, before anything is unpacked. It trusts nothing
 * in the file, and its memory does not depend on the number of entries.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

struct zipdirectory {
	int fd; /* the caller's; its position is not used */
	int64_t begin, end;
	int64_t at; /* of the next header */
	int64_t count, left;
	char *window; /* the bytes from window_at on */
	int64_t window_at, window_length;
};

struct zipdirectory_entry {
	char name[UINT16_MAX + 1]; /* as it stands in the file; a folder's without its "/" */
	bool folder;
	mode_t mode;    /* type and permissions; 0: the zip was not made on a Unix */
	int64_t offset; /* of the local header */
	int64_t size;   /* bytes of the unpacked file */
	int64_t data;   /* where the packed bytes begin */
	int64_t packed; /* their number */
	bool stored;    /* they are not compressed */
};

/* Finds the directory of the zip. ERROR_INPUT: it is damaged. The caller calls zipdirectory_close.
 */
bool zipdirectory_open(struct zipdirectory *directory, int fd, struct error *err);

/*
 * Reads the next entry, and compares it with its local header: a name in two forms is refused.
 * *ended becomes true, and the entry is unchanged, if there is none.
 */
bool zipdirectory_next(struct zipdirectory *directory, struct zipdirectory_entry *entry,
    bool *ended, struct error *err);

/* Goes back to the first entry. */
void zipdirectory_rewind(struct zipdirectory *directory);

void zipdirectory_close(struct zipdirectory *directory);

#endif
