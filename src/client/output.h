#ifndef KABUTO_OUTPUT_H
#define KABUTO_OUTPUT_H
/*
 * Bytes that go to stdout or stderr as they are, in large pieces. A reader that stops reading
 * blocks the program, as with any pipe, but a signal still ends it.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define OUTPUT_ROOM 65536

struct output {
	int fd;
	const volatile sig_atomic_t *stop; /* ends a write that waits, with ERROR_INTERRUPTED */
	bool closed;                       /* the reader is gone (EPIPE) */
	size_t length;
	char bytes[OUTPUT_ROOM];
};

/* Adds bytes, and writes them if there are enough. False: as output_flush. */
bool output_add(struct output *output, const char *bytes, size_t length, struct error *err);

/*
 * Writes what was added. ERROR_INTERRUPTED: output->closed, or *stop was set. Another error: it
 * cannot be written, because the disk is full for one. What was added is lost then.
 */
bool output_flush(struct output *output, struct error *err);

#endif
