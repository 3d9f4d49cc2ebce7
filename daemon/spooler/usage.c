/*
 * Reads a usage file.
 */
#include "usage.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "utf8.h"

static const struct {
	const char *key;
	size_t offset;
} fields[] = {
	{ "cpu_ns", offsetof(struct usage, cpu_ns) },
	{ "memory", offsetof(struct usage, memory) },
	{ "io", offsetof(struct usage, io) },
	{ "io_unknown", offsetof(struct usage, io_unknown) },
	{ "log_dropped", offsetof(struct usage, log_dropped) },
	{ "exec_errno", offsetof(struct usage, exec_errno) },
	{ "signal", offsetof(struct usage, signal) },
	{ "written", offsetof(struct usage, written) },
	{ "code", offsetof(struct usage, code) },
	{ "oom_kills", offsetof(struct usage, oom_kills) },
	{ "stopped", offsetof(struct usage, stopped) },
};

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{ "exec_reason", offsetof(struct usage, exec_reason) },
	{ "exec_file", offsetof(struct usage, exec_file) },
	{ "exec_detail", offsetof(struct usage, exec_detail) },
};

static bool
usage_is_key(const char *key, const char *text, size_t length)
{
	return strlen(key) == length && memcmp(key, text, length) == 0;
}

/* Parses the number from text to end. Returns false for anything except 1 to 18 digits. */
static bool
usage_number(const char *text, const char *end, int64_t *value)
{
	int64_t sum = 0;

	if (text == end || end - text > 18)
		return false;
	for (; text < end; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		sum = sum * 10 + (*text - '0');
	}
	*value = sum;
	return true;
}

static void
usage_text(const char *text, const char *end, char to[static USAGE_TEXT])
{
	size_t length = (size_t)(end - text);

	if (length == 0 || length >= USAGE_TEXT || !utf8_valid(text, length))
		return;
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)text[i]))
			return;
	memcpy(to, text, length);
	to[length] = '\0';
}

static void
usage_parse_line(struct usage *usage, const char *line, const char *end)
{
	const char *space = memchr(line, ' ', (size_t)(end - line));
	size_t length;

	if (space == NULL) {
		usage->complete =
		    usage->complete || (end - line == 3 && memcmp(line, "end", 3) == 0);
		return;
	}
	length = (size_t)(space - line);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (usage_is_key(fields[i].key, line, length))
			(void)usage_number(space + 1, end,
			    (int64_t *)((char *)usage + fields[i].offset));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (usage_is_key(texts[i].key, line, length))
			usage_text(space + 1, end, (char *)usage + texts[i].offset);
}

void
usage_parse(struct usage *usage, const char *text, size_t length)
{
	const char *end = text + length, *newline;

	*usage = (struct usage){ 0 };
	while (text < end && (newline = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		usage_parse_line(usage, text, newline);
		text = newline + 1;
	}
}

void
usage_read(struct usage *usage, int dir, const char *name)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[USAGE_MOST];
	ssize_t length = fd < 0 ? 0 : pread(fd, text, sizeof text, 0);

	usage_parse(usage, text, length > 0 ? (size_t)length : 0);
}

bool
usage_is_held(int dir, const char *name)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

bool
usage_is_untouched(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0;
}
