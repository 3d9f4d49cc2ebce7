#ifndef KABUTO_BUILDTAIL_H
#define KABUTO_BUILDTAIL_H
/*
 * Reads a build's output as it grows, for streams. The output is a JSON message of the engine a
 * line (build.h).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "eventtext.h"
#include "textbuffer.h"

struct buildtail {
	int64_t build;
	off_t offset; /* of the first line that was not read yet */
	bool more;    /* the output may have more lines than were read */
};

/*
 * Adds what has come since the last call: for a format of events an event `build` for each message,
 * else the text that the messages have. Adds nothing if nothing has come, or if many messages had
 * no text: then tail->more is set, and the caller must call again before it takes the output for
 * read. If a spooler has begun the build again, reads its output from the beginning. builds is the
 * folder's descriptor.
 */
bool buildtail_read(struct buildtail *tail, int builds, enum eventtext_format format,
    struct textbuffer *to, struct error *err);

#endif
