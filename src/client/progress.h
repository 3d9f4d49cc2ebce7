#ifndef KABUTO_PROGRESS_H
#define KABUTO_PROGRESS_H
/*
 * A line on stderr that shows how far an upload or a download is: "sending 1.2 of 5 GiB, 24 %,
 * 80 MiB/s, 48 s left". Only on a terminal; elsewhere nothing is written.
 */
#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *doing; /* "sending"; NULL: nothing is shown */
	int64_t begun_ms, shown_ms;
	int64_t first; /* the bytes that were there at the beginning */
	bool shown;    /* the line is on the terminal */
};

/* Begins. Nothing is shown before half a second has passed. quiet: never. */
void progress_begin(struct progress *progress, const char *doing, bool quiet);

/* Shows that `done` of `total` bytes are done (total 0: unknown), if the last time is long ago. */
void progress_show(struct progress *progress, int64_t done, int64_t total);

/* Removes the line, so that something else can be printed. The next progress_show shows it again.
 */
void progress_end(struct progress *progress);

#endif
