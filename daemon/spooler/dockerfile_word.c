/*
 * Separates words and replaces their variables. A word nests, as in ${A:-${B}}, so its lexer calls
 * itself; its depth and the length of each result are limited.
 */
#include "dockerfile_word.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define WORD_MOST    1024 /* bytes of a result */
#define DEPTH_MOST   32
#define VALUE_MOST   256 /* bytes of a value that a pattern cuts */
#define PATTERN_MOST 64
#define NAME_MOST    128

struct word {
	const char *at;
	char escape;
	dockerfile_word_value *value;
	void *context;
	int depth;
};

static bool dockerfile_word_write_variable(struct word *word, FILE *to, struct error *err);

static bool
dockerfile_word_refuse(struct error *err, const char *what)
{
	return error_set(err, ERROR_INPUT, "the Dockerfile has a word that is malformed: %s", what);
}

/* Checks the length of the result so far. A variable may make it much longer than the text. */
static bool
dockerfile_word_check_length(FILE *to, struct error *err)
{
	return ftell(to) <= WORD_MOST ||
	    error_set(err, ERROR_INPUT, "the Dockerfile has a word of more than %d bytes",
		WORD_MOST);
}

/* Text in single quotes is copied as it is. */
static bool
dockerfile_word_write_single(struct word *word, FILE *to, struct error *err)
{
	size_t length = strcspn(word->at + 1, "'");

	if (word->at[1 + length] == '\0')
		return dockerfile_word_refuse(err, "a quote (') has no end");
	fprintf(to, "%.*s", (int)length, word->at + 1);
	word->at += length + 2;
	return true;
}

static bool
dockerfile_word_write_double(struct word *word, FILE *to, struct error *err)
{
	word->at++;
	while (*word->at != '"') {
		if (*word->at == '\0')
			return dockerfile_word_refuse(err, "a quote (\") has no end");
		if (*word->at == '$') {
			if (!dockerfile_word_write_variable(word, to, err) ||
			    !dockerfile_word_check_length(to, err))
				return false;
			continue;
		}
		if (*word->at == word->escape && word->at[1] != '\0' &&
		    (word->at[1] == '"' || word->at[1] == '$' || word->at[1] == word->escape))
			word->at++;
		fputc(*word->at++, to);
	}
	word->at++;
	return true;
}

/* Writes the word up to `stop` and moves after it; stop 0: up to the end. raw: keeps escapes. */
static bool
dockerfile_word_write(struct word *word, char stop, bool raw, FILE *to, struct error *err)
{
	bool done = true;

	while (done && *word->at != '\0' && *word->at != stop) {
		if (*word->at == '\'') {
			done = dockerfile_word_write_single(word, to, err);
		} else if (*word->at == '"') {
			done = dockerfile_word_write_double(word, to, err);
		} else if (*word->at == '$') {
			done = dockerfile_word_write_variable(word, to, err);
		} else {
			if (*word->at == word->escape) {
				if (raw)
					fputc(*word->at, to);
				word->at++;
			}
			if (*word->at != '\0')
				fputc(*word->at++, to);
		}
		done = done && dockerfile_word_check_length(to, err);
	}
	if (!done || stop == '\0')
		return done;
	if (*word->at == '\0')
		return dockerfile_word_refuse(err, "a '}' is missing");
	word->at++;
	return true;
}

/* Like dockerfile_word_write, into a text that the caller frees. NULL with err set. */
static char *
dockerfile_word_read(struct word *word, char stop, bool raw, struct error *err)
{
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	bool done = to == NULL
	    ? error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory")
	    : dockerfile_word_write(word, stop, raw, to, err);

	if (to != NULL && fclose(to) != 0 && done)
		done = error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
	if (done)
		return text;
	free(text);
	return NULL;
}

/* Copies a variable's name and moves after it: "NAME", digits, or one special character. */
static void
dockerfile_word_take_name(struct word *word, char name[static NAME_MOST])
{
	size_t length = 0;

	if (isdigit((unsigned char)*word->at))
		length = strspn(word->at, "0123456789");
	else if (*word->at != '\0' && strchr("@*#?-$!", *word->at) != NULL)
		length = 1;
	else
		while (isascii(word->at[length]) &&
		    (isalnum((unsigned char)word->at[length]) || word->at[length] == '_'))
			length++;
	snprintf(name, NAME_MOST, "%.*s", (int)length, word->at);
	word->at += length;
}

/* Sets reached[i] to whether the pattern matches the first i bytes of text. */
static void
dockerfile_word_match(const char *pattern, const char *text, bool reached[static VALUE_MOST + 1])
{
	size_t length = strlen(text);

	memset(reached, 0, (VALUE_MOST + 1) * sizeof *reached);
	reached[0] = true;
	for (; *pattern != '\0'; pattern++) {
		bool any = *pattern == '?', all = *pattern == '*';

		if (*pattern == '\\' && pattern[1] != '\0')
			pattern++;
		if (all) {
			for (size_t i = 1; i <= length; i++)
				reached[i] = reached[i] || reached[i - 1];
			continue;
		}
		for (size_t i = length; i > 0; i--)
			reached[i] = reached[i - 1] && (any || text[i - 1] == *pattern);
		reached[0] = false;
	}
}

/* Returns the length of the shortest or longest beginning of text that matches; -1: none does. */
static int
dockerfile_word_match_length(const char *pattern, const char *text, bool longest)
{
	bool reached[VALUE_MOST + 1];
	int found = -1;

	dockerfile_word_match(pattern, text, reached);
	for (int i = 0; i <= (int)strlen(text) && (longest || found < 0); i++)
		if (reached[i])
			found = i;
	return found;
}

/* ${NAME%pattern}: writes the value without the shortest or longest end that matches. */
static void
dockerfile_word_cut_end(const char *pattern, const char *value, bool longest, FILE *to)
{
	size_t length = strlen(value), cut = length + 1;

	for (size_t i = 0; i <= length; i++) {
		size_t from = longest ? i : length - i;
		bool reached[VALUE_MOST + 1];

		dockerfile_word_match(pattern, value + from, reached);
		if (reached[length - from]) {
			cut = from;
			break;
		}
	}
	fprintf(to, "%.*s", (int)(cut > length ? length : cut), value);
}

/* ${NAME/pattern/word}: writes the value with the first match, or each, replaced. */
static void
dockerfile_word_replace(const char *pattern, const char *value, const char *with, bool each,
    FILE *to)
{
	bool go_on = true;

	while (*value != '\0') {
		int length = go_on ? dockerfile_word_match_length(pattern, value, true) : 0;

		if (length <= 0) {
			fputc(*value++, to);
			continue;
		}
		fputs(with, to);
		value += length;
		go_on = each;
	}
}

static bool
dockerfile_word_check_pattern(const char *pattern, const char *value, struct error *err)
{
	return (strlen(pattern) <= PATTERN_MOST && strlen(value) <= VALUE_MOST) ||
	    dockerfile_word_refuse(err, "a pattern or its value is too long");
}

/* Writes ${NAME#pattern} and ${NAME%pattern}; the lexer is after the first '#' or '%'. */
static bool
dockerfile_word_write_cut(struct word *word, char kind, const char *value, FILE *to,
    struct error *err)
{
	cleanup_free char *pattern = dockerfile_word_read(word, '}', true, err);
	const char *own = value == NULL ? "" : value;
	bool longest;

	if (pattern == NULL || !dockerfile_word_check_pattern(pattern, own, err))
		return false;
	longest = pattern[0] == kind;
	if (kind == '%') {
		dockerfile_word_cut_end(pattern + longest, own, longest, to);
	} else {
		int length = dockerfile_word_match_length(pattern + longest, own, longest);

		fputs(own + (length > 0 ? length : 0), to);
	}
	return true;
}

/* Writes ${NAME/pattern/word}; the lexer is after the first '/'. */
static bool
dockerfile_word_write_replaced(struct word *word, const char *value, FILE *to, struct error *err)
{
	bool each = *word->at == '/';
	cleanup_free char *pattern = NULL, *with = NULL;

	word->at += each;
	pattern = dockerfile_word_read(word, '/', true, err);
	with = pattern == NULL ? NULL : dockerfile_word_read(word, '}', true, err);
	if (with == NULL ||
	    !dockerfile_word_check_pattern(pattern, value == NULL ? "" : value, err))
		return false;
	dockerfile_word_replace(pattern, value == NULL ? "" : value, with, each, to);
	return true;
}

/* Writes ${NAME:-word} and the like; kind is '-', '+' or '?'. full: the value is not empty. */
static bool
dockerfile_word_write_choice(struct word *word, char kind, const char *name, const char *value,
    bool full, FILE *to, struct error *err)
{
	cleanup_free char *other = dockerfile_word_read(word, '}', false, err);

	if (other == NULL)
		return false;
	if (kind == '?' && !full)
		return error_set(err, ERROR_INPUT, "the Dockerfile needs a value of %s%s%s", name,
		    other[0] != '\0' ? ": " : "", other);
	if (kind == '+')
		fputs(full ? other : "", to);
	else
		fputs(full ? value : other, to);
	return true;
}

/* Writes the value of "${...}"; the lexer is after the "{". */
static bool
dockerfile_word_write_braces(struct word *word, FILE *to, struct error *err)
{
	char name[NAME_MOST], *copy = NULL;
	cleanup_free char *value = NULL;
	const char *found;
	bool colon;

	dockerfile_word_take_name(word, name);
	if (name[0] == '\0')
		return dockerfile_word_refuse(err, "a variable has no name");
	found = word->value(word->context, name);
	if (found != NULL && (copy = strdup(found)) == NULL)
		return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
	value = copy;
	if (*word->at == '}') {
		word->at++;
		fputs(value != NULL ? value : "", to);
		return true;
	}
	colon = *word->at == ':';
	word->at += colon;
	switch (*word->at) {
	case '-':
	case '+':
	case '?':
		word->at++;
		return dockerfile_word_write_choice(word, word->at[-1], name, value,
		    value != NULL && (!colon || value[0] != '\0'), to, err);
	case '#':
	case '%':
		word->at++;
		if (!colon)
			return dockerfile_word_write_cut(word, word->at[-1], value, to, err);
		break;
	case '/':
		word->at++;
		if (!colon)
			return dockerfile_word_write_replaced(word, value, to, err);
		break;
	default:
		break;
	}
	return dockerfile_word_refuse(err, "the engine does not know this form of ${...}");
}

/* Writes the value of the variable that begins here with "$". */
static bool
dockerfile_word_write_variable(struct word *word, FILE *to, struct error *err)
{
	char name[NAME_MOST];
	const char *value;
	bool done;

	word->at++;
	if (*word->at == '{') {
		word->at++;
		if (++word->depth > DEPTH_MOST)
			return dockerfile_word_refuse(err, "it nests too deep");
		done = dockerfile_word_write_braces(word, to, err);
		word->depth--;
		return done;
	}
	dockerfile_word_take_name(word, name);
	value = name[0] == '\0' ? "$" : word->value(word->context, name);
	fputs(value != NULL ? value : "", to);
	return true;
}

char *
dockerfile_word_expand(const char *text, char escape, dockerfile_word_value *value, void *context,
    struct error *err)
{
	struct word word = { .at = text, .escape = escape, .value = value, .context = context };

	return dockerfile_word_read(&word, '\0', false, err);
}

char *
dockerfile_word_take(const char **at, char escape)
{
	const char *begin = *at + strspn(*at, " \t\r\n"), *end = begin;
	char quote = '\0';

	for (; *end != '\0' && (quote != '\0' || strchr(" \t\r\n", *end) == NULL); end++) {
		if (*end == escape && quote != '\'' && end[1] != '\0')
			end++;
		else if (quote != '\0')
			quote = *end == quote ? '\0' : quote;
		else if (*end == '\'' || *end == '"')
			quote = *end;
	}
	*at = end;
	return end == begin ? NULL : strndup(begin, (size_t)(end - begin));
}
