/*
 * Engines find the line in different ways (frontend/dockerfile/parser/directives.go in BuildKit):
 * they stop at the first line that is no directive (20.10), or at the first unknown directive
 * (28); newer ones also accept "//" in place of "#", a first line "#!...", and JSON. Here each text
 * that one of them takes for the line counts as the line.
 */
#include "dockerfile_syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "take.h"

#define SPACE   " \t\r\v\f"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"
#define MARK    "\xef\xbb\xbf" /* a byte order mark */

/* A line of the form "# name = value". */
struct dockerfile_directive {
	const char *name, *value;
	size_t name_length, value_length;
	bool slashes; /* "//" in place of "#" */
};

/* Reads the line. Returns false if it is no directive. */
static bool
dockerfile_syntax_read_directive(const char *line, struct dockerfile_directive *directive)
{
	line += strspn(line, SPACE);
	directive->slashes = strncmp(line, "//", 2) == 0;
	if (*line != '#' && !directive->slashes)
		return false;
	line += directive->slashes ? 2 : 1;
	line += strspn(line, SPACE);
	directive->name = line;
	directive->name_length = strspn(line, LETTERS DIGITS);
	line += directive->name_length;
	line += strspn(line, SPACE);
	if (directive->name_length == 0 || *line != '=')
		return false;
	line++;
	directive->value = line + strspn(line, SPACE);
	directive->value_length = strcspn(directive->value, SPACE "\n");
	return true;
}

/* Whether the value is docker/dockerfile, with any tag. */
static bool
dockerfile_syntax_is_dockers(const char *value, size_t length)
{
	static const char *const names[] = { "docker/dockerfile", "docker.io/docker/dockerfile",
		"docker/dockerfile-upstream", "docker.io/docker/dockerfile-upstream" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t name = strlen(names[i]);

		if (length >= name && strncmp(value, names[i], name) == 0 &&
		    (length == name || value[name] == ':' || value[name] == '@'))
			return true;
	}
	return false;
}

/* Whether the directive is the line. If it must not be dropped, err is set. */
static bool
dockerfile_syntax_is_line(const struct dockerfile_directive *directive, struct error *err)
{
	if (directive->name_length != 6 || strncasecmp(directive->name, "syntax", 6) != 0)
		return false;
	if (!dockerfile_syntax_is_dockers(directive->value, directive->value_length))
		error_set(err, ERROR_INPUT,
		    "the Dockerfile has syntax=%.*s: only docker/dockerfile is allowed; remove the line",
		    (int)(directive->value_length < 200 ? directive->value_length : 200),
		    directive->value);
	else if (directive->slashes)
		error_set(err, ERROR_INPUT,
		    "the Dockerfile has a line '// syntax=': write '# syntax=', or remove the line");
	return true;
}

/* Whether the text may be JSON, in which newer engines look for "syntax", too. */
static bool
dockerfile_syntax_may_be_json(const char *text)
{
	if (strncmp(text, "#!", 2) == 0)
		text += strcspn(text, "\n");
	return text[strspn(text, SPACE "\n")] == '{';
}

char *
dockerfile_syntax_drop(const char *text, struct error *err)
{
	cleanup_free char *copy = malloc(strlen(text) + 1);
	const char *line = text;
	int dropped = 0;
	size_t at = 0;

	if (copy == NULL) {
		error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
		return NULL;
	}
	if (dockerfile_syntax_may_be_json(text + (strncmp(text, MARK, 3) == 0 ? 3 : 0))) {
		error_set(err, ERROR_INPUT, "the Dockerfile begins with '{': it must not be JSON");
		return NULL;
	}
	while (*line != '\0') {
		size_t length = strcspn(line, "\n"),
		       mark = at == 0 && strncmp(line, MARK, 3) == 0 ? 3 : 0;
		bool first = line == text && strncmp(line + mark, "#!", 2) == 0;
		struct error reason = { .kind = ERROR_NONE };
		struct dockerfile_directive directive;
		bool found = dockerfile_syntax_read_directive(line + mark, &directive);

		if (!found && !first && line[mark + strspn(line + mark, SPACE)] != '\n')
			break;
		length += line[length] == '\n';
		if (found && dockerfile_syntax_is_line(&directive, &reason)) {
			if (reason.kind != ERROR_NONE) {
				*err = reason;
				return NULL;
			}
			dropped++;
		} else {
			memcpy(copy + at, line, length);
			at += length;
		}
		line += length;
	}
	/* An empty comment in place of each line, after the directives: they end at a comment. */
	if (dropped > 0 && at > 0 && copy[at - 1] != '\n')
		copy[at++] = '\n';
	for (; dropped > 0; dropped--) {
		memcpy(copy + at, "#\n", 2);
		at += 2;
	}
	memcpy(copy + at, line, strlen(line) + 1);
	return take_pointer(&copy);
}
