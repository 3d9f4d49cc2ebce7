#ifndef KABUTO_COLLECT_H
#define KABUTO_COLLECT_H
/*
 * Publishes a job's outbox: packs its files into a zip in the folder of the web server.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "spool.h"

#define COLLECT_REMARKS_MOST 100 /* left-out entries that are named */

/*
 * Remarks about what was left out of a zip, one text each. The last one may be about the names that
 * Windows cannot hold.
 */
struct collect_remarks {
	char *texts[COLLECT_REMARKS_MOST + 1];
	size_t count;
	size_t unnamed; /* left-out entries without a text */
	size_t entries; /* files and folders in the zip */
};
void collect_remarks_clear(struct collect_remarks *remarks);

/*
 * Packs the folder outbox into results/<name>.zip. The zip appears complete or not at all. A list
 * of its files is published beside it, one line a file: the offset of the file's header in the zip,
 * a space, and {"name", "size", "sha256"} in JSON.
 *
 * The zip contains regular files and folders with their permissions; hard links become files. It
 * contains a symbolic link as a link if its target is a relative path that stays within the outbox
 * (pathname_stays_within). Everything else, and everything over the limit, is left out and gets a
 * remark. In a name that is not UTF-8, each invalid byte becomes %XX. Names that Windows cannot
 * hold are kept, and one remark names some of them. ERROR_INTERRUPTED: *stop became true. The work
 * is done by a thread that can reach only the outbox and the folders of results, as far as the
 * kernel can confine it (confine.h).
 *
 * The web server makes the ETag from size and time in seconds. So the zip's time is attempt seconds
 * ahead, and no two zips of a job have the same ETag.
 */
struct collect {
	struct spool *spool;
	int outbox; /* the folder's descriptor */
	const char *name;
	int64_t attempt;
	int64_t limit; /* bytes of all files together, including holes */
	const atomic_bool *stop;
	struct collect_remarks *remarks;
};
bool collect_outbox(const struct collect *collect, struct error *err);

#endif
