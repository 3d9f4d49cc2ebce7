#ifndef KABUTO_STANDBY_H
#define KABUTO_STANDBY_H
/*
 * Keeps a network namespace for jobs that join it one after the other.
 */

/* Runs until SIGTERM or SIGINT. Returns the exit code. */
int standby_run(void);

#endif
