#ifndef KABUTO_WAKE_H
#define KABUTO_WAKE_H
/*
 * The wake socket: a handler sends the spooler an empty datagram after a commit, so that it polls
 * the database at once. A datagram may get lost: the spooler also polls every second.
 */
#include <stdbool.h>

#include "error.h"

/*
 * For the spooler: binds the socket "wake" in the state directory. Returns it, or -1 with err set.
 */
int wake_listen(int state, struct error *err);

/* Reads all datagrams that have arrived. Does not wait. */
void wake_drain(int socket);

/* Sends a datagram. It is no error if no spooler runs, or if its socket is full. */
void wake_send(int state);

#endif
