/*
 * Finds parameters by the names that clients write, and the nearest parameter of an unknown name.
 */
#include "fieldname.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

#define NAME_MOST 32  /* bytes of a name that is compared with the known names */
#define LIST_TEXT 512 /* bytes of a list of names */

/*
 * Returns the length of the bracket at the beginning of text; 0: there is none. Some clients
 * percent-encode brackets in multipart/form-data.
 */
static size_t
fieldname_bracket(const char *text, const char *bracket, const char *encoded)
{
	if (strncmp(text, bracket, 1) == 0)
		return 1;
	return strncasecmp(text, encoded, 3) == 0 ? 3 : 0;
}

static bool
fieldname_is_index(const char *key, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)key[i]))
			return false;
	return true;
}

/*
 * Reads the text behind a parameter's name. *key and *length become what is in the brackets or
 * behind the dot; *length 0: nothing is. Returns false if the text has none of the forms.
 */
static bool
fieldname_read_suffix(const char *suffix, const char **key, size_t *length)
{
	size_t open = fieldname_bracket(suffix, "[", "%5B"), close = 0;

	*key = suffix + open;
	*length = 0;
	if (*suffix == '\0' || strcmp(suffix, "{}") == 0)
		return true;
	if (*suffix == '.') {
		*key = suffix + 1;
		*length = strlen(*key);
		return *length > 0;
	}
	if (open == 0)
		return false;
	for (; (*key)[*length] != '\0'; (*length)++) {
		close = fieldname_bracket(*key + *length, "]", "%5D");
		if (close > 0)
			break;
	}
	return close > 0 && (*key)[*length + close] == '\0';
}

static bool
fieldname_matches(const struct parameter *p, const char *name, struct fieldname *found)
{
	size_t length = strlen(p->name);

	*found = (struct fieldname){ .parameter = p };
	if (strncmp(name, p->name, length) != 0 ||
	    !fieldname_read_suffix(name + length, &found->key, &found->key_length))
		return false;
	if (!fieldname_is_index(found->key, found->key_length))
		return p->type == PARAMETER_PAIRS;
	found->key_length = 0;
	return true;
}

struct fieldname
fieldname_find(const struct parameter *table, const char *name)
{
	struct fieldname found = { 0 };

	for (const struct parameter *p = table; p != NULL && p->name != NULL; p++)
		if (fieldname_matches(p, name, &found))
			return found;
	return (struct fieldname){ 0 };
}

bool
fieldname_add(struct values *values, const struct fieldname *name, const char *text, size_t length,
    struct error *err)
{
	return name->key_length == 0 ? parameter_add(values, name->parameter, text, length, err)
				     : parameter_add_pair(values, name->parameter, name->key,
					   name->key_length, text, length, err);
}

bool
fieldname_add_json(struct values *values, const struct fieldname *name, json_t *json,
    struct error *err)
{
	return name->key_length == 0 ? parameter_add_json(values, name->parameter, json, err)
				     : parameter_add_json_pair(values, name->parameter, name->key,
					   name->key_length, json, err);
}

static size_t
fieldname_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Returns how many letters must be inserted, removed, replaced or exchanged with their neighbour to
 * make b from a (optimal string alignment distance). Case does not count.
 */
static size_t
fieldname_distance(const char *a, const char *b)
{
	size_t rows[NAME_MOST + 1][NAME_MOST + 1];
	size_t length_a = strnlen(a, NAME_MOST), length_b = strnlen(b, NAME_MOST);

	for (size_t i = 0; i <= length_a; i++)
		for (size_t j = 0; j <= length_b; j++) {
			size_t least = i + j; /* the first row and the first column */

			if (i > 0 && j > 0) {
				int x = tolower((unsigned char)a[i - 1]);
				int y = tolower((unsigned char)b[j - 1]);

				least = fieldname_least(rows[i - 1][j] + 1, rows[i][j - 1] + 1);
				least = fieldname_least(least, rows[i - 1][j - 1] + (x != y));
				if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
				    y == tolower((unsigned char)a[i - 2]))
					least = fieldname_least(least, rows[i - 2][j - 2] + 1);
			}
			rows[i][j] = least;
		}
	return rows[length_a][length_b];
}

/* Returns whether one of the two begins with the other, as "cpu" and "cpus" or "mem" and "memory".
 */
static bool
fieldname_begins(const char *a, const char *b)
{
	size_t length_a = strlen(a), length_b = strlen(b);
	size_t least = fieldname_least(length_a, length_b);

	return least >= 3 && strncasecmp(a, b, least) == 0;
}

/* Returns the parameter that a wrong name most likely means; NULL: none is near. */
static const struct parameter *
fieldname_nearest(const struct parameter *table, const char *name)
{
	size_t length = strlen(name), nearest = 1 + fieldname_least(length, NAME_MOST) / 4;
	const struct parameter *found = NULL;

	if (length > NAME_MOST)
		return NULL;
	for (const struct parameter *p = table; p != NULL && p->name != NULL; p++) {
		size_t distance =
		    fieldname_begins(name, p->name) ? 1 : fieldname_distance(name, p->name);

		if (distance < nearest || (distance == nearest && found == NULL)) {
			nearest = distance;
			found = p;
		}
	}
	return found;
}

/* Writes the names of the parameters that fit to text: "a, b, c". */
static const char *
fieldname_list(const struct parameter *table, bool (*fits)(const struct parameter *),
    char text[static LIST_TEXT])
{
	size_t used = 0;

	text[0] = '\0';
	for (const struct parameter *p = table; p != NULL && p->name != NULL; p++)
		if (fits(p) && used < LIST_TEXT)
			used += (size_t)snprintf(text + used, LIST_TEXT - used, "%s%s",
			    used > 0 ? ", " : "", p->name);
	return text;
}

static bool
fieldname_any(const struct parameter *p)
{
	(void)p;
	return true;
}

static bool
fieldname_takes_files(const struct parameter *p)
{
	return p->type == PARAMETER_FILES;
}

static bool
fieldname_takes_a_file(const struct parameter *p)
{
	return p->file;
}

bool
fieldname_unknown(const struct parameter *table, const char *name, struct error *err)
{
	const struct parameter *nearest = fieldname_nearest(table, name);
	char list[LIST_TEXT];

	if (nearest != NULL)
		return error_set(err, ERROR_INPUT,
		    "%.64s: there is no such parameter; did you mean %s?", name, nearest->name);
	if (table == NULL)
		return error_set(err, ERROR_INPUT,
		    "%.64s: this call takes no parameters; send it without a body", name);
	return error_set(err, ERROR_INPUT, "%.64s: there is no such parameter; this call takes: %s",
	    name, fieldname_list(table, fieldname_any, list));
}

bool
fieldname_unknown_file(const struct parameter *table, const char *name, struct error *err)
{
	char files[LIST_TEXT], texts[LIST_TEXT];

	fieldname_list(table, fieldname_takes_files, files);
	fieldname_list(table, fieldname_takes_a_file, texts);
	if (files[0] == '\0')
		return error_set(err, ERROR_INPUT,
		    "%.64s: this call takes no files; send files as attachments of a job or an image",
		    name);
	return error_set(err, ERROR_INPUT,
	    "%.64s: there is no field of this name for files; send files as %s%s%s%s", name, files,
	    texts[0] != '\0' ? " (a text that may come as a file: " : "", texts,
	    texts[0] != '\0' ? ")" : "");
}
