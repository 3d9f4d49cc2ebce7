/*
 * Sends forms.
 */
#include "makecall.h"

#include <string.h>

#include "display.h"
#include "exitcode.h"
#include "interrupt.h"

bool
makecall_open(struct http *http, struct error *err)
{
	bool done = http_open(http, err);

	http->stop = interrupt_first();
	return done;
}

int
makecall_stopped(const struct error *err, const char *words, int trouble)
{
	if (err->kind != ERROR_INTERRUPTED)
		return display_failed(err, trouble);
	display_say("interrupted: %s", words);
	return interrupt_code();
}

int
makecall_failed(const struct error *err, int trouble)
{
	return makecall_stopped(err, "nothing was started", trouble);
}

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
	if (err.kind != ERROR_INTERRUPTED && form->lost)
		display_say("%s", call->maybe);
	return form->sent ? makecall_stopped(&err, call->maybe, call->trouble)
			  : makecall_failed(&err, call->trouble);
}
