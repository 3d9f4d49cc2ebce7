/*
 * Lists the readings of a Dockerfile. Their number is limited: a text with more readings was not
 * written by hand.
 */
#include "dockerfile_reading.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

#define READINGS_MOST (16 * 1024 * 1024) /* bytes */
#define BEGIN_LINES   1000               /* lines that an instruction's first word may take */
#define BEGIN_LENGTH  8                  /* bytes that identify the instruction: "ONBUILD " */

static bool
dockerfile_reading_too_intricate(struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "the Dockerfile has instructions that continue over too many lines: make them shorter");
}

/* Whether a character begins at text that only some engines read as a space. */
static bool
dockerfile_reading_is_strange_space(const char *text)
{
	/* The unusual spaces of Go's unicode.IsSpace, and a byte order mark. */
	static const char *const spaces[] = { "\v", "\f", "\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
		"\xef\xbb\xbf" };

	if (text[0] == '\r' && text[1] != '\n' && text[1] != '\0')
		return true;
	if (strncmp(text, "\xe2\x80", 2) == 0 && (unsigned char)text[2] >= 0x80 &&
	    (unsigned char)text[2] <= 0x8a)
		return true;
	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
		if (strncmp(text, spaces[i], strlen(spaces[i])) == 0)
			return true;
	return false;
}

static bool
dockerfile_reading_refuse_strange_spaces(const char *text, struct error *err)
{
	int line = 1;

	for (; *text != '\0'; text++) {
		line += *text == '\n';
		if (dockerfile_reading_is_strange_space(text))
			return error_set(err, ERROR_INPUT,
			    "line %d of the Dockerfile contains an unusual space character; replace it with a normal space",
			    line);
	}
	return true;
}

/* Whether the line begins with an instruction that has rules. */
static bool
dockerfile_reading_has_rules(const char *line)
{
	static const char *const words[] = { "FROM", "ADD", "COPY", "RUN", "ARG", "ONBUILD" };

	line += strspn(line, DOCKERFILE_SPACE);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t length = strlen(words[i]);

		if (strncasecmp(line, words[i], length) == 0 &&
		    strchr(DOCKERFILE_SPACE, line[length]) != NULL)
			return true;
	}
	return false;
}

/*
 * Returns the escape character at the line's end that joins the next line; NULL: the line is not
 * joined.
 */
static const char *
dockerfile_reading_joint_of(const char *line, size_t length, char escape)
{
	while (length > 0 && strchr(DOCKERFILE_SPACE, line[length - 1]) != NULL)
		length--;
	return length > 0 && line[length - 1] == escape ? line + length - 1 : NULL;
}

/*
 * Joins the lines from text on while each one ends with escape (0: the first line only). to gets
 * the result and has room for the whole text. Leaves out comments and empty lines between them, as
 * the engine does. Stops early at an instruction without rules; then to is "".
 */
static bool
dockerfile_reading_join(const char *text, char escape, char *to, struct error *err)
{
	size_t at = 0;
	int lines = 0;
	bool goes_on = true;

	to[0] = '\0';
	for (; goes_on && *text != '\0'; lines++) {
		size_t length = strcspn(text, "\n"), indent = strspn(text, DOCKERFILE_SPACE);
		const char *joint =
		    escape == 0 ? NULL : dockerfile_reading_joint_of(text, length, escape);

		if (lines == 0 || (text[indent] != '#' && indent < length)) {
			memcpy(to + at, text, joint != NULL ? (size_t)(joint - text) : length);
			at += joint != NULL ? (size_t)(joint - text) : length;
			to[at] = '\0';
			goes_on = joint != NULL;
		}
		text += length + (text[length] == '\n');
		if (at - strspn(to, DOCKERFILE_SPACE) < BEGIN_LENGTH) {
			if (goes_on && lines == BEGIN_LINES)
				return dockerfile_reading_too_intricate(err);
		} else if (!dockerfile_reading_has_rules(to)) {
			break;
		}
	}
	if (!dockerfile_reading_has_rules(to))
		to[0] = '\0';
	return true;
}

static bool
dockerfile_reading_write_readings(FILE *to, const char *text, char *line, struct error *err)
{
	static const char escapes[] = { 0, '\\', '`' };

	for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
		for (size_t i = 0; i < sizeof escapes; i++) {
			if (escapes[i] != 0 &&
			    dockerfile_reading_joint_of(text, strcspn(text, "\n"), escapes[i]) ==
				NULL)
				continue;
			if (!dockerfile_reading_join(text, escapes[i], line, err))
				return false;
			if (line[0] != '\0' && fprintf(to, "%s\n", line) < 0)
				return error_set(err, ERROR_SYSTEM,
				    "read the Dockerfile: not enough memory");
			if (ftell(to) > READINGS_MOST)
				return dockerfile_reading_too_intricate(err);
		}
	return true;
}

char *
dockerfile_reading_list(const char *text, struct error *err)
{
	cleanup_free char *line = malloc(strlen(text) + 1);
	char *readings = NULL;
	size_t length;
	FILE *to = open_memstream(&readings, &length);
	bool done = false;

	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* the engine removes a byte order mark here */
	if (line == NULL || to == NULL)
		error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
	else
		done = dockerfile_reading_refuse_strange_spaces(text, err) &&
		    dockerfile_reading_write_readings(to, text, line, err);
	if (to != NULL && fclose(to) != 0 && done)
		done = error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
	if (done)
		return readings;
	free(readings);
	return NULL;
}
