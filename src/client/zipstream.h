#ifndef KABUTO_ZIPSTREAM_H
#define KABUTO_ZIPSTREAM_H
/*
 * Unpacks the content of a zip's entries, one after the other, with libarchive. libarchive does not
 * see the names: it would guess kinds from them ("a\" is a folder to it) and convert them to the
 * locale's characters. What an entry is, its caller knows from the directory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "zipdirectory.h"

struct zipstream {
	void *archive;                    /* struct archive */
	struct zipdirectory names;        /* runs ahead, to find the names */
	struct zipdirectory_entry *entry; /* the next one in it */
	bool ended;                       /* it has no more */
	int64_t at;                       /* of the next block */
	char *block;
	struct error error; /* why a block could not be read */
};

/*
 * Opens the zip. The caller keeps the descriptor, whose
 * position is not used, and calls zipstream_close, also after a failure.
 */
bool zipstream_open(struct zipstream *stream, int fd, struct error *err);

/*
 * Goes to the next entry, whose local header must begin at offset. ERROR_INPUT: there is another
 * one first, or the zip is damaged.
 */
bool zipstream_next(struct zipstream *stream, int64_t offset, struct error *err);

/*
 * Gets the next bytes of the entry; they hold until the next call. *length is 0 at its end.
 */
bool zipstream_read(struct zipstream *stream, const void **data, size_t *length, struct error *err);

/* Checks that there is no entry after the last one. */
bool zipstream_finish(struct zipstream *stream, struct error *err);

void zipstream_close(struct zipstream *stream);

#endif
