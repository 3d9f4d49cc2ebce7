/*
 * Matches paths. A pattern is matched in one pass that keeps all places of the path which its
 * beginning may reach, so that no pattern takes long.
 */
#include "dockerignore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "take.h"

#define FILE_MOST     (256 * 1024) /* bytes */
#define PATTERNS_MOST 2000
#define SPACE         " \t\r\v\f"
#define SPECIAL       "*?[\\"

static bool
dockerignore_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "read .dockerignore: not enough memory");
}

void
dockerignore_free(struct dockerignore *ignore)
{
	for (size_t i = 0; i < ignore->count; i++)
		free(ignore->items[i].text);
	free(ignore->items);
	*ignore = (struct dockerignore){ 0 };
}

/*
 * Simplifies a path in place, like Go's filepath.Clean, and removes a "/" at its beginning: no
 * empty parts, no ".", no ".." that a part before it can undo.
 */
static void
dockerignore_clean(char *path)
{
	bool rooted = path[0] == '/';
	char *rest = path, *part, *end = path;
	size_t depth = 0; /* parts that ".." can remove */

	while ((part = strsep(&rest, "/")) != NULL) {
		size_t length = strlen(part);

		if (length == 0 || strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0 && (depth > 0 || rooted)) {
			if (depth == 0)
				continue;
			depth--;
			while (end > path && *--end != '/')
				;
			continue;
		}
		depth += strcmp(part, "..") != 0;
		if (end > path)
			*end++ = '/';
		memmove(end, part, length);
		end += length;
	}
	*end = '\0';
}

/*
 * Returns the text after the class that begins with "[": NULL: it has no end. *matches: it contains
 * the character.
 */
static const char *
dockerignore_class(const char *at, unsigned char character, bool *matches)
{
	bool negated = at[1] == '^', found = false, first = true;

	for (at += 1 + negated; *at != ']' || first; first = false) {
		unsigned char low, high;

		at += *at == '\\';
		if (*at == '\0')
			return NULL;
		low = high = (unsigned char)*at++;
		if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
			at++;
			at += *at == '\\';
			if (*at == '\0')
				return NULL;
			high = (unsigned char)*at++;
		}
		found = found || (low <= character && character <= high);
	}
	*matches = found != negated;
	return at + 1;
}

static bool
dockerignore_is_wellformed(const char *pattern)
{
	bool ignored;

	while (pattern != NULL && *pattern != '\0') {
		if (*pattern == '[')
			pattern = dockerignore_class(pattern, 'x', &ignored);
		else if (*pattern != '\\')
			pattern++;
		else
			pattern = pattern[1] != '\0' ? pattern + 2 : NULL;
	}
	return pattern != NULL;
}

/* Adds one line. */
static bool
dockerignore_add(struct dockerignore *ignore, const char *line, size_t length, struct error *err)
{
	cleanup_free char *copy = strndup(line, length);
	char *text = copy;
	bool exception;

	if (copy == NULL)
		return dockerignore_no_memory(err);
	if (text[0] == '#')
		return true;
	text += strspn(text, SPACE);
	exception = text[0] == '!';
	text += exception;
	text += strspn(text, SPACE);
	for (length = strlen(text); length > 0 && strchr(SPACE, text[length - 1]) != NULL;)
		text[--length] = '\0';
	if (text[0] == '\0' && !exception)
		return true;
	memmove(copy, text, length + 1);
	dockerignore_clean(copy);
	if (length == 0 || !dockerignore_is_wellformed(copy))
		return error_set(err, ERROR_INPUT, ".dockerignore has a malformed pattern, '%.*s'",
		    (int)strcspn(line, "\r\n"), line);
	if (ignore->count == PATTERNS_MOST)
		return error_set(err, ERROR_INPUT, ".dockerignore has more than %d patterns",
		    PATTERNS_MOST);
	ignore->items[ignore->count++] =
	    (struct dockerignore_pattern){ take_pointer(&copy), exception };
	ignore->exceptions = ignore->exceptions || exception;
	return true;
}

bool
dockerignore_parse(struct dockerignore *ignore, const char *text, struct error *err)
{
	*ignore = (struct dockerignore){ .items = calloc(PATTERNS_MOST, sizeof *ignore->items) };
	if (ignore->items == NULL)
		return dockerignore_no_memory(err);
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* a byte order mark */
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (!dockerignore_add(ignore, text, length, err)) {
			dockerignore_free(ignore);
			return false;
		}
		text += length + (text[length] == '\n');
	}
	return true;
}

/* Returns the text of a file. NULL with errno set: ENOENT if it is no file. The caller frees it. */
static char *
dockerignore_load(int folder, const char *name)
{
	cleanup_close int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *text = malloc(FILE_MOST + 1);
	ssize_t length = fd < 0 || text == NULL ? -1 : read(fd, text, FILE_MOST + 1);

	if (length < 0) {
		if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
			errno = ENOENT;
		return NULL;
	}
	if (length > FILE_MOST) {
		errno = EFBIG;
		return NULL;
	}
	text[length] = '\0';
	return take_pointer(&text);
}

bool
dockerignore_read(struct dockerignore *ignore, int folder, bool buildkit, struct error *err)
{
	static const char *const names[] = { "Dockerfile.dockerignore", ".dockerignore" };

	*ignore = (struct dockerignore){ 0 };
	for (size_t i = buildkit ? 0 : 1; i < sizeof names / sizeof names[0]; i++) {
		cleanup_free char *text = dockerignore_load(folder, names[i]);

		if (text != NULL)
			return dockerignore_parse(ignore, text, err);
		if (errno == EFBIG)
			return error_set(err, ERROR_INPUT, "%s has more than %d bytes", names[i],
			    FILE_MOST);
		if (errno != ENOENT)
			return error_errno(err, "read %s", names[i]);
	}
	return true;
}

/* Returns the bytes of the UTF-8 character at text; at least 1. */
static size_t
dockerignore_character(const char *text, size_t left)
{
	size_t length = 1;

	while (length < left && ((unsigned char)text[length] & 0xc0) == 0x80)
		length++;
	return length;
}

/* reached: the places of the path that the pattern's beginning may reach. Takes one character. */
static const char *
dockerignore_step(const char *pattern, const char *path, size_t length, bool *reached)
{
	char kind = *pattern;
	const char *next = pattern + 1;

	if (kind == '\\')
		next++;
	for (size_t i = length + 1; i-- > 0;) {
		bool was = reached[i], matches = false;
		size_t bytes;

		reached[i] = false;
		if (kind == '[')
			next = dockerignore_class(pattern, i < length ? (unsigned char)path[i] : 0,
			    &matches);
		if (!was || i == length)
			continue;
		bytes = kind == '?' ? dockerignore_character(path + i, length - i) : 1;
		if (kind == '?')
			matches = path[i] != '/';
		else if (kind == '\\')
			matches = path[i] == pattern[1];
		else if (kind != '[')
			matches = path[i] == kind;
		if (matches)
			reached[i + bytes] = true;
	}
	return next;
}

/* Takes "*" or "**" of the pattern. */
static const char *
dockerignore_step_star(const char *pattern, const char *path, size_t length, bool *reached)
{
	bool deep = pattern[1] == '*', any = false;
	bool last;

	pattern += 1 + deep;
	pattern += deep && *pattern == '/';
	last = *pattern == '\0';
	for (size_t i = 0; i <= length; i++) {
		if (!deep)
			reached[i] = reached[i] || (i > 0 && reached[i - 1] && path[i - 1] != '/');
		else if (any && (last || path[i - 1] == '/'))
			reached[i] = true;
		any = any || reached[i];
	}
	return pattern;
}

/* Whether the pattern matches the first length bytes of path. */
static bool
dockerignore_matches(const char *pattern, const char *path, size_t length)
{
	bool reached[PATH_MAX + 1];
	size_t plain = strcspn(pattern, SPECIAL);

	if (pattern[plain] == '\0')
		return plain == length && memcmp(pattern, path, length) == 0;
	if (strncmp(pattern, "**", 2) == 0 && pattern[2 + strcspn(pattern + 2, SPECIAL)] == '\0') {
		/* "**" and a plain text: the path's end, even without a "/" before it */
		size_t rest = strlen(pattern + 2);

		return (rest <= length && memcmp(path + length - rest, pattern + 2, rest) == 0) ||
		    (pattern[2] == '/' && rest - 1 == length &&
			memcmp(path, pattern + 3, length) == 0);
	}
	if (plain > length || memcmp(pattern, path, plain) != 0 || length > PATH_MAX)
		return false;
	memset(reached, 0, (length + 1) * sizeof *reached);
	reached[0] = true;
	while (*pattern != '\0')
		pattern = *pattern == '*' ? dockerignore_step_star(pattern, path, length, reached)
					  : dockerignore_step(pattern, path, length, reached);
	return reached[length];
}

/* Whether the pattern matches the path or a folder above it. */
static bool
dockerignore_matches_any(const char *pattern, const char *path)
{
	const char *slash = path;

	while ((slash = strchr(slash, '/')) != NULL) {
		if (dockerignore_matches(pattern, path, (size_t)(slash - path)))
			return true;
		slash++;
	}
	return dockerignore_matches(pattern, path, strlen(path));
}

bool
dockerignore_leaves_out(const struct dockerignore *ignore, const char *path)
{
	bool out = false;

	if (strcmp(path, "Dockerfile") == 0 || strcmp(path, ".dockerignore") == 0)
		return false;
	for (size_t i = 0; i < ignore->count; i++)
		if (ignore->items[i].exception == out &&
		    dockerignore_matches_any(ignore->items[i].text, path))
			out = !ignore->items[i].exception;
	return out;
}
