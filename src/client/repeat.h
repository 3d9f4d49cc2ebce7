#ifndef KABUTO_REPEAT_H
#define KABUTO_REPEAT_H
/*
 * When a long transfer that was cut is begun again. Time counts from the last byte that moved, so
 * that an upload of hours survives a restart of the server as well as a short one does.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "http.h"

struct repeat {
	int64_t moved_ms; /* when the last byte moved */
	bool connected;   /* the server has been reached */
	int count;        /* of repetitions since a byte moved */
};

/* Begins. Call repeat_moved whenever bytes move. */
void repeat_begin(struct repeat *repeat);
void repeat_moved(struct repeat *repeat);

/*
 * Whether the transfer that failed with err is to be begun again: the connection was cut or is
 * refused, the server is busy, or it still works on the former call with the same Idempotency-Key.
 * True after a pause; it says so on stderr once unless http->quiet. False: err stays, or is
 * ERROR_INTERRUPTED. It gives up a minute after the last byte, but not before one repetition, or
 * after 5 s if the server was never reached, and at once if the server asks (Retry-After) to come
 * after that.
 */
bool repeat_after(struct repeat *repeat, struct http *http, bool connected, struct error *err);

#endif
