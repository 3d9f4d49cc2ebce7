#ifndef KABUTO_COLLECT_H
#define KABUTO_COLLECT_H
/*
 * Publishing a job's outbox: walk it, zip it, put it where the web server finds it.
 */
#include <stdbool.h>
#include <stddef.h>

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
 * Zips the folder outbox (a descriptor) and publishes it as results/<name>.zip, whole or not at
 * all. Regular files and folders go in, hard links as files, with their permissions; anything else
 * is left out and noted. Names that are no UTF-8 get %XX for each byte that is none.
 *
 * The web server makes the ETag of size and time in seconds: the zip's time is ahead by attempt
 * seconds, so that no two of a job have the same.
 */
bool collect_outbox(struct spool *spool, int outbox, const char *name, int64_t attempt,
    struct collect_notes *notes, struct error *err);

#endif
