/*
 * Sends forms.
 */
#include "makecall.h"

#include <string.h>

#include "display.h"
#include "exitcode.h"
#include "interrupt.h"

int
makecall_send(struct http *http, struct sendform *form, const struct makecall *call,
    json_t **answer)
{
	char key[HTTP_KEY];
	struct error err;
	bool done;

	http_make_key(key);
	http->stop = interrupt_first();
	form->stop_sent = interrupt_second();
	form->quiet = call->quiet;
	done = sendform_send(form, http, call->method, call->path,
	    strcmp(call->method, "POST") == 0 ? key : NULL, answer, &err);
	http->stop = interrupt_first();
	if (done)
		return EXIT_DONE;
	if (err.kind != ERROR_INTERRUPTED)
		return display_failed(&err, call->trouble);
	display_say("interrupted: %s", form->sent ? call->maybe : "nothing was started");
	return interrupt_code();
}
