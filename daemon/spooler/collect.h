#ifndef KABUTO_COLLECT_H
#define KABUTO_COLLECT_H
/*
 * Publishing a job's outbox: walk it, zip it, put it where the web server finds it.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "spool.h"

#define COLLECT_NOTES_MOST 100 /* things left out that are named one by one */

/* What was left out of a zip, in words, one text each. */
struct collect_notes {
	char *texts[COLLECT_NOTES_MOST + 1];
	size_t count;
	size_t unnamed; /* how many more there were */
	size_t entries; /* files and folders in the zip */
};
void collect_notes_clear(struct collect_notes *notes);

/*
 * Zips the folder outbox and publishes it as results/<name>.zip, whole or not at all, with a
 * list of its files beside it: a line each, of the offset of its header in the zip, a space, and
 * {"name", "size", "sha256"} in JSON. Regular files
 * and folders go in, hard links as files, with their permissions; anything else is left out and
 * noted, and so is what is over the limit. Names that are no UTF-8 get %XX for each byte that is
 * none. ERROR_INTERRUPTED where stop became true. A thread does it that can reach nothing but the
 * outbox and the folders of results, as far as the kernel can confine it (confine.h).
 *
 * The web server makes the ETag of size and time in seconds: the zip's time is ahead by attempt
 * seconds, so that no two of a job have the same.
 */
struct collect {
	struct spool *spool;
	int outbox; /* a descriptor */
	const char *name;
	int64_t attempt;
	int64_t limit; /* bytes of all files together, holes included */
	const atomic_bool *stop;
	struct collect_notes *notes;
};
bool collect_outbox(const struct collect *collect, struct error *err);

#endif
