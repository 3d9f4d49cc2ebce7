/*
 * Waits for a server that is being restarted, or for a network that comes back.
 */
#include "patience.h"

#include "clock.h"
#include "display.h"

#define FIRST_MS 500
#define LAST_MS  5000
#define TELL_MS  2000 /* a restart that is over sooner is not worth a line */
#define END_MS   (10 * 60 * MS_PER_S)

bool
patience_may_help(const struct error *err)
{
	return err->kind == ERROR_AWAY || err->kind == ERROR_BUSY || err->kind == ERROR_TOO_MANY;
}

void
patience_reset(struct patience *patience)
{
	*patience = (struct patience){ 0 };
}

bool
patience_wait(struct patience *patience, struct http *http, struct error *err)
{
	int64_t now = clock_monotonic_ms();
	struct error stopped;

	if (patience->since_ms == 0)
		patience->since_ms = now;
	if (now - patience->since_ms > END_MS)
		return error_wrap(err, "no answer for 10 minutes");
	if (!patience->told && !http->quiet && now - patience->since_ms >= TELL_MS) {
		display_say("%s; trying again", err->text);
		patience->told = true;
	}
	patience->pause_ms = patience->pause_ms == 0 ? FIRST_MS
	    : patience->pause_ms * 2 < LAST_MS       ? patience->pause_ms * 2
						     : LAST_MS;
	if (http_pause(http, patience->pause_ms, &stopped))
		return true;
	*err = stopped;
	return false;
}
