/*
 * Reads where a client goes on.
 */
#include "eventid.h"

#include <string.h>

#include "number.h"

bool
eventid_read(const struct request *req, bool may_be_now, int64_t *id, struct error *err)
{
	const char *header = request_header(req, "HTTP_LAST_EVENT_ID");
	const char *name = header[0] != '\0' ? "Last-Event-ID" : "after";
	const char *text = header[0] != '\0' ? header : request_text(req, "after");

	*id = 0;
	if (text == NULL)
		return true;
	if (may_be_now && strcmp(text, "now") == 0) {
		*id = EVENTID_NOW;
		return true;
	}
	return (number_parse_integer(text, id) && *id >= 0) ||
	    error_set(err, ERROR_INPUT,
		"%s: must be the id of an event, a whole number; 0 gives all events%s", name,
		may_be_now ? ", and \"now\" only later ones" : "");
}
