#ifndef KABUTO_WAKE_H
#define KABUTO_WAKE_H
/*
 * "Look again": an empty datagram from a handler to the spooler behind a commit. Nothing depends on
 * its arrival, since the spooler also looks each second.
 */
#include <stdbool.h>

#include "error.h"

/* The spooler's end: binds wake in the state directory; -1 with err set. */
int wake_listen(int state, struct error *err);

/* Takes all that has come, without waiting. */
void wake_drain(int socket);

/* Sends one. A spooler that is not there, or has not yet read the last ones, is no error. */
void wake_send(int state);

#endif
