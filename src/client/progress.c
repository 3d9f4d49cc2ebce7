/*
 * The line is overwritten at each step ("\r"), and erased at the end.
 */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "display.h"
#include "quantity.h"

#define FIRST_MS 500 /* what ends sooner shows nothing */
#define STEP_MS  200
#define LINE     320

void
progress_begin(struct progress *progress, const char *doing, bool quiet)
{
	const char *term = getenv("TERM");
	bool on =
	    !quiet && display_is_terminal(stderr) && term != NULL && strcmp(term, "dumb") != 0;

	*progress = (struct progress){
		.doing = on ? doing : NULL, .begun_ms = clock_monotonic_ms(), .first = -1
	};
	progress->shown_ms = progress->begun_ms + FIRST_MS - STEP_MS;
}

/* Writes "48 s left", or "" if it cannot be known yet. */
static void
progress_estimate(const struct progress *progress, int64_t now_ms, int64_t done, int64_t total,
    char *text, size_t size)
{
	char rate[QUANTITY_TEXT];
	int64_t took_ms = now_ms - progress->begun_ms, moved = done - progress->first, left_s;

	text[0] = '\0';
	if (moved <= 0 || took_ms <= 0)
		return;
	quantity_format_bytes((int64_t)((double)moved * MS_PER_S / (double)took_ms), rate);
	left_s = (int64_t)((double)(total - done) * (double)took_ms / (double)moved / MS_PER_S);
	if (total <= done)
		snprintf(text, size, ", %s/s", rate);
	else if (left_s < 100)
		snprintf(text, size, ", %s/s, %lld s left", rate, (long long)left_s + 1);
	else
		snprintf(text, size, ", %s/s, %lld min left", rate, (long long)left_s / 60 + 1);
}

void
progress_show(struct progress *progress, int64_t done, int64_t total)
{
	int64_t now_ms = clock_monotonic_ms();
	char of[QUANTITY_TEXT], all[QUANTITY_TEXT], share[96] = "", rest[96], line[LINE];
	int width;

	if (progress->doing == NULL)
		return;
	if (progress->first < 0 || done < progress->first) { /* also if it begins again */
		progress->first = done;
		progress->begun_ms = now_ms;
	}
	if (now_ms - progress->shown_ms < STEP_MS)
		return;
	progress->shown_ms = now_ms;
	progress->shown = true;
	if (total > 0)
		snprintf(share, sizeof share, " of %s, %d %%", quantity_format_bytes(total, all),
		    (int)((double)done * 100 / (double)total));
	progress_estimate(progress, now_ms, done, total, rest, sizeof rest);
	snprintf(line, sizeof line, "%s %s%s%s", progress->doing, quantity_format_bytes(done, of),
	    share, rest);
	width = display_width() - 1;
	(void)fprintf(stderr, "\r\033[K%.*s", width > 0 ? width : 0, line);
	(void)fflush(stderr);
}

void
progress_end(struct progress *progress)
{
	if (!progress->shown)
		return;
	progress->shown = false;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
}
