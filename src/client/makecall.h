#ifndef KABUTO_MAKECALL_H
#define KABUTO_MAKECALL_H
/*
 * The call that makes something on the server by a form, and Ctrl-C in each of its moments.
 */
#include <stdbool.h>

#include "http.h"
#include "sendform.h"

struct makecall {
	const char *method, *path;
	const char *maybe; /* said if it is not known whether the server has done it */
	int trouble;       /* the exit code of an error */
	bool quiet;        /* shows no progress */
};

/*
 * Sends the form, with a random Idempotency-Key for POST. *answer gets the JSON, which the caller
 * decrefs. Returns EXIT_DONE; else an error was printed, and the command must return the exit code.
 *
 * A signal before the whole form was sent ends the call, and nothing was made. After that the call
 * waits for the answer, and only a second signal ends it. The flag of *http is interrupt_first's
 * afterwards: so the caller sees a first signal that came meanwhile.
 */
int makecall_send(struct http *http, struct sendform *form, const struct makecall *call,
    json_t **answer);

/* As http_open, for a command that interrupt_begin made ready: the first signal ends its calls. */
bool makecall_open(struct http *http, struct error *err);

/*
 * Prints the error of a call, and the words if a signal ended it. Returns the exit code: trouble,
 * or that of the signal.
 */
int makecall_stopped(const struct error *err, const char *words, int trouble);

/*
 * Prints an error of what comes before the call, when nothing was made yet. Returns the exit code:
 * trouble, or that of a signal.
 */
int makecall_failed(const struct error *err, int trouble);

#endif
