/*
 * Quotes words for the shell (POSIX.1-2017, Shell Command Language, 2.2.2): everything between
 * single quotes stands for itself, and a single quote is written between two quoted parts as \'.
 */
#include "shellline.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* A word of these characters alone means itself to any shell. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-"
#define QUOTE "'\\''"

/* Appends a word to the text at `to`, and returns the new end. */
static char *
shellline_add(char *to, const char *word)
{
	if (word[0] != '\0' && word[strspn(word, PLAIN)] == '\0')
		return stpcpy(to, word);
	*to++ = '\'';
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			to = stpcpy(to, QUOTE);
		else
			*to++ = *word;
	}
	return stpcpy(to, "'");
}

char *
shellline_of(char *const *words, size_t count)
{
	size_t room = 1;
	char *line, *end;

	if (count == 1)
		return strdup(words[0]);
	for (size_t i = 0; i < count; i++)
		room += strlen(words[i]) * strlen(QUOTE) + 3; /* two quotes and a space */
	line = end = malloc(room);
	if (line == NULL)
		return NULL;
	*end = '\0';
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*end++ = ' ';
		end = shellline_add(end, words[i]);
	}
	return line;
}

char *
shellline_quote(const char *word)
{
	char *quoted = malloc(strlen(word) * strlen(QUOTE) + 3);

	if (quoted != NULL)
		(void)shellline_add(quoted, word);
	return quoted;
}

char *
shellline_array(char *const *words, size_t count)
{
	cleanup_json json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(array, json_string(words[i])) < 0)
			return NULL;
	return array == NULL ? NULL : json_dumps(array, JSON_COMPACT);
}
