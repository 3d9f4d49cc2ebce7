/*
 * Writes a build's output.
 */
#include "buildoutput.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "build.h"
#include "cleanup.h"
#include "write.h"

bool
buildoutput_open(struct buildoutput *output, int folder, int64_t limit, struct error *err)
{
	buildoutput_close(output);
	*output = (struct buildoutput){ .limit = limit };
	output->fd = openat(folder, BUILD_OUTPUT,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	return output->fd >= 0 || error_errno(err, "make the build's output");
}

void
buildoutput_close(struct buildoutput *output)
{
	if (output->fd >= 0)
		(void)close(output->fd);
	output->fd = -1;
}

void
buildoutput_append(struct buildoutput *output, const char *object)
{
	cleanup_free char *line = NULL;
	int length;

	if (output->cut)
		return;
	length = asprintf(&line, "%s\n", object);
	if (output->written + length > output->limit) {
		output->cut = true;
		free(line);
		length = asprintf(&line,
		    "{\"stream\":\"the output has reached its limit; the rest is left out\\n\"}\n");
	}
	if (length < 0)
		return;
	/* A full disk must not fail the build, but half a line would not be JSON. */
	if (write_whole(output->fd, line, (size_t)length))
		output->written += length;
	else
		(void)!ftruncate(output->fd, output->written);
}
