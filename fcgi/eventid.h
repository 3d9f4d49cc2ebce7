#ifndef KABUTO_EVENTID_H
#define KABUTO_EVENTID_H
/*
 * The id of the last event that a client has: the header Last-Event-ID, which an EventSource sends
 * when it reconnects (WHATWG HTML, section 9.2.4), or the parameter "after".
 */
#include "request.h"

#define EVENTID_NOW (-1)

#define EVENTID_PARAMETER                                                                          \
	{                                                                                          \
		.name = "after", .type = PARAMETER_TEXT                                            \
	}

/*
 * *id gets the header's id, else the parameter's, else 0. If may_be_now, "after=now" gives
 * EVENTID_NOW. ERROR_INPUT: it is no id.
 */
bool eventid_read(const struct request *req, bool may_be_now, int64_t *id, struct error *err);

#endif
