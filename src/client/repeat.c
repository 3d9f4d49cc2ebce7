/*
 * The pauses grow from half a second to four.
 */
#include "repeat.h"

#include <string.h>

#include "clock.h"
#include "display.h"

#define SILENT_MS   (60 * MS_PER_S)
#define UNKNOWN_MS  (5 * MS_PER_S)
#define PAUSE_MS    500
#define PAUSES_GROW 3 /* times, by two */

void
repeat_begin(struct repeat *repeat)
{
	*repeat = (struct repeat){ .moved_ms = clock_monotonic_ms() };
}

void
repeat_moved(struct repeat *repeat)
{
	repeat->moved_ms = clock_monotonic_ms();
	repeat->count = 0;
}

/* Whether the same call may succeed later. */
static bool
repeat_may_help(const struct error *err)
{
	static const char key[] =
	    "Idempotency-Key:"; /* after a cut the former call may still run */

	return err->kind == ERROR_AWAY || err->kind == ERROR_BUSY ||
	    (err->kind == ERROR_CONFLICT && strncmp(err->text, key, sizeof key - 1) == 0);
}

bool
repeat_after(struct repeat *repeat, struct http *http, bool connected, struct error *err)
{
	int64_t pause_ms = PAUSE_MS << (repeat->count < PAUSES_GROW ? repeat->count : PAUSES_GROW);
	int64_t left_ms;

	repeat->connected = repeat->connected || connected;
	left_ms = (repeat->connected ? SILENT_MS : UNKNOWN_MS) -
	    (clock_monotonic_ms() - repeat->moved_ms);
	/* The program may have been stopped for long (Ctrl-Z): once is tried all the same. */
	if (repeat->connected && repeat->count == 0)
		left_ms = SILENT_MS;
	if (err->retry_after_s * MS_PER_S > pause_ms)
		pause_ms = err->retry_after_s * MS_PER_S;
	if (!repeat_may_help(err) || left_ms < 0 || err->retry_after_s * MS_PER_S > left_ms)
		return false;
	if (repeat->count == 0 && !http->quiet)
		display_say("%s; trying again", err->text);
	repeat->count++;
	return http_pause(http, (int)pause_ms, err);
}
