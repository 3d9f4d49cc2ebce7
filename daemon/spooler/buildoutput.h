#ifndef KABUTO_BUILDOUTPUT_H
#define KABUTO_BUILDOUTPUT_H
/*
 * A build's output: builds/<id>/output, one message of the engine a line, as JSON.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct buildoutput {
	int fd;        /* -1: not open */
	int64_t limit; /* bytes */
	int64_t written;
	bool cut; /* it reached its limit */
};

/* Opens an empty output in the build's folder. The output of a former try is deleted. */
bool buildoutput_open(struct buildoutput *output, int folder, int64_t limit, struct error *err);

void buildoutput_close(struct buildoutput *output);

/*
 * Appends a JSON object as a line. The first one over the limit is replaced by a line that says so;
 * it and all that follow are left out, as is one that cannot be written.
 */
void buildoutput_append(struct buildoutput *output, const char *object);

#endif
