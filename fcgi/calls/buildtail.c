/*
 * The growing output of a build.
 */
#include "buildtail.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "cleanup.h"

#define PART_BYTES 60000     /* read at a time: about one record */
#define CALL_BYTES (1 << 20) /* read by one call at most, except for a longer line */

/* Adds the text of a message. Progress bars, and the error that ends the build, are left out. */
static bool
buildtail_add_text(struct textbuffer *to, const char *line, size_t length, struct error *err)
{
	cleanup_json json_t *message = json_loadb(line, length, 0, NULL);
	const char *stream = json_string_value(json_object_get(message, "stream"));
	const char *status = json_string_value(json_object_get(message, "status"));
	const char *layer = json_string_value(json_object_get(message, "id"));

	if (stream != NULL)
		return textbuffer_add(to, stream, strlen(stream), err);
	if (status == NULL || json_object_get(message, "progress") != NULL)
		return true;
	return (layer == NULL ||
		   (textbuffer_add(to, layer, strlen(layer), err) &&
		       textbuffer_add(to, ": ", 2, err))) &&
	    textbuffer_add(to, status, strlen(status), err) && textbuffer_add(to, "\n", 1, err);
}

/* Adds the complete lines of the text. *used gets their length. */
static bool
buildtail_add_lines(enum eventtext_format format, struct textbuffer *to, const char *text,
    size_t length, size_t *used, struct error *err)
{
	const char *end;

	for (*used = 0; (end = memchr(text + *used, '\n', length - *used)) != NULL;
	     *used = (size_t)(end - text) + 1) {
		size_t size = (size_t)(end - text) - *used;

		if (format == EVENTTEXT_NONE ? !buildtail_add_text(to, text + *used, size, err)
					     : !eventtext_add(to, format, "build", EVENTTEXT_NO_ID,
						   text + *used, size, err))
			return false;
	}
	return true;
}

/* Goes back to the beginning if the file is another one than before: the offset is in a line. */
static void
buildtail_check_place(struct buildtail *tail, int fd)
{
	char before;

	if (tail->offset > 0 && (pread(fd, &before, 1, tail->offset - 1) != 1 || before != '\n'))
		tail->offset = 0;
}

/* Reads the next lines from the file. Sets tail->more if these are not all. */
static bool
buildtail_read_part(struct buildtail *tail, int fd, enum eventtext_format format,
    struct textbuffer *to, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t used = 0;

	for (size_t room = PART_BYTES; used == 0; room *= 8) {
		char *more = realloc(text, room);
		ssize_t length;

		if (more == NULL)
			return error_set(err, ERROR_SYSTEM,
			    "read a build's output: not enough memory");
		text = more;
		length = pread(fd, text, room, tail->offset);
		if (length < 0)
			return error_errno(err, "read a build's output");
		if (!buildtail_add_lines(format, to, text, (size_t)length, &used, err))
			return false;
		tail->more = (size_t)length == room;
		if (!tail->more)
			break; /* the rest of the line has not come yet */
	}
	tail->offset += (off_t)used;
	return true;
}

bool
buildtail_read(struct buildtail *tail, int builds, enum eventtext_format format,
    struct textbuffer *to, struct error *err)
{
	cleanup_close int fd = -1;
	size_t before = to->length;
	char path[64];
	off_t begin;

	snprintf(path, sizeof path, "%lld/" BUILD_OUTPUT, (long long)tail->build);
	fd = openat(builds, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	tail->more = false;
	if (fd < 0)
		return errno == ENOENT || error_errno(err, "read a build's output");
	buildtail_check_place(tail, fd);
	begin = tail->offset;
	do /* until a message has text */
		if (!buildtail_read_part(tail, fd, format, to, err))
			return false;
	while (tail->more && to->length == before && tail->offset - begin < CALL_BYTES);
	return true;
}
