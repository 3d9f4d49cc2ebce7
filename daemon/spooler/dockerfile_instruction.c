/*
 * Reads instructions: line by line, with continued lines, parser directives and here-documents. A
 * here-document begins only if its end exists; otherwise "<<" is a plain text, as in $((1 << 2)).
 */
#include "dockerfile_instruction.h"

#include <ctype.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "dockerfile_word.h"
#include "take.h"

#define SPACE      " \t\r\v\f"
#define SEARCHES   100 /* vain searches for ends of here-documents; each scans the whole text */
#define INNER_MOST 10  /* ONBUILD before an instruction */

/* The place in the text while it is read. */
struct cursor {
	const char *text;
	size_t at;
	int line;     /* number of the line at `at` */
	bool heading; /* parser directives may still follow */
	int searches; /* that were in vain */
};

static bool
dockerfile_instruction_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
}

void
dockerfile_instruction_free(struct dockerfile_instructions *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->items[i].text);
		free(all->items[i].heredoc);
	}
	free(all->items);
	*all = (struct dockerfile_instructions){ 0 };
}

/* Returns the length of the line without its end. */
static size_t
dockerfile_instruction_line_length(const char *line)
{
	size_t length = strcspn(line, "\n");

	while (length > 0 && line[length - 1] == '\r')
		length--;
	return length;
}

static void
dockerfile_instruction_next_line(struct cursor *cursor)
{
	cursor->at += strcspn(cursor->text + cursor->at, "\n");
	cursor->at += cursor->text[cursor->at] == '\n';
	cursor->line++;
}

/*
 * Takes a parser directive, "# name=value". They must stand at the beginning; the first other line
 * ends them.
 */
static void
dockerfile_instruction_take_directive(struct dockerfile_instructions *all, struct cursor *cursor,
    const char *line, size_t length)
{
	cleanup_free char *copy = strndup(line, length);
	char name[16] = "", *value;

	cursor->heading = false;
	if (copy == NULL || copy[0] != '#' || sscanf(copy, "# %15[A-Za-z0-9]", name) != 1)
		return;
	value = copy + 1 + strspn(copy + 1, SPACE) + strlen(name);
	value += strspn(value, SPACE);
	if (*value != '=')
		return;
	value += 1 + strspn(value + 1, SPACE);
	for (size_t end = strlen(value); end > 0 && strchr(SPACE, value[end - 1]) != NULL; end--)
		value[end - 1] = '\0';
	if (strcasecmp(name, "escape") == 0 && (*value == '\\' || *value == '`'))
		all->escape = *value;
	else if (strcasecmp(name, "syntax") == 0)
		snprintf(all->syntax, sizeof all->syntax, "%s", value);
	else if (strcasecmp(name, "check") != 0)
		return;
	cursor->heading = true;
}

/*
 * Returns the line's length before the escape character that continues it; SIZE_MAX: it is not
 * continued. An escape before it makes it a plain character.
 */
static size_t
dockerfile_instruction_joint_of(const char *line, size_t length, char escape)
{
	while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	if (length == 0 || line[length - 1] != escape || (length > 1 && line[length - 2] == escape))
		return SIZE_MAX;
	return length - 1;
}

/* Joins the lines of the instruction at the cursor and moves it after them. NULL: no memory. */
static char *
dockerfile_instruction_join(const struct dockerfile_instructions *all, struct cursor *cursor)
{
	char *joined = NULL;
	size_t size;
	FILE *to = open_memstream(&joined, &size);
	bool goes_on = true;

	if (to == NULL)
		return NULL;
	for (bool first = true; goes_on && cursor->text[cursor->at] != '\0'; first = false) {
		const char *line = cursor->text + cursor->at;
		size_t length = dockerfile_instruction_line_length(line);
		size_t indent = strspn(line, SPACE), joint;

		if (first || (indent < length && line[indent] != '#')) {
			joint = dockerfile_instruction_joint_of(line, length, all->escape);
			goes_on = joint != SIZE_MAX;
			fwrite(line, 1, goes_on ? joint : length, to);
		}
		dockerfile_instruction_next_line(cursor);
	}
	if (fclose(to) == 0)
		return joined;
	free(joined);
	return NULL;
}

/* Whether the arguments are a JSON array of strings, which has no here-documents. */
static bool
dockerfile_instruction_is_array(const char *arguments)
{
	cleanup_json json_t *array = NULL;
	json_t *item;
	size_t i;

	arguments += strspn(arguments, SPACE);
	while (strncmp(arguments, "--", 2) == 0) {
		arguments += strcspn(arguments, SPACE);
		arguments += strspn(arguments, SPACE);
	}
	if (*arguments != '[')
		return false;
	array = json_loads(arguments, 0, NULL);
	json_array_foreach (array, i, item)
		if (!json_is_string(item))
			return false;
	return json_is_array(array);
}

const char *
dockerfile_instruction_after(const struct dockerfile_instruction *one, const char *name,
    bool onbuild)
{
	const char *at = one->text + strspn(one->text, SPACE);
	size_t length = strlen(name);

	for (int i = 0; onbuild && i < INNER_MOST && strncasecmp(at, "ONBUILD", 7) == 0 &&
	     at[7] != '\0' && strchr(SPACE, at[7]) != NULL;
	     i++)
		at += 7 + strspn(at + 7, SPACE);
	if (strncasecmp(at, name, length) != 0 ||
	    (at[length] != '\0' && strchr(SPACE, at[length]) == NULL))
		return NULL;
	return at + length;
}

static const char *
dockerfile_instruction_no_value(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

/*
 * Whether a here-document begins at text: digits, "<<", "-" and a word that ends there. Sets *name
 * to the line that ends it (the caller frees it), and *tabs to whether tabs may precede that.
 */
static bool
dockerfile_instruction_is_heredoc(const char *text, const char **after, char **name, bool *tabs)
{
	cleanup_free char *word = NULL, *end = NULL;
	struct error ignored;

	text += strspn(text, "0123456789");
	if (strncmp(text, "<<", 2) != 0)
		return false;
	text += 2;
	*tabs = *text == '-';
	text += *tabs;
	if (!*tabs)
		text += strspn(text, " \t\r");
	*after = text;
	if (*text == '\0' || strchr(SPACE, *text) != NULL)
		return false;
	word = dockerfile_word_take(after, '\\');
	if (word == NULL || strchr(word, '<') != NULL)
		return false;
	/* A variable stays as it is. */
	end = strchr(word, '$') != NULL
	    ? strdup(word)
	    : dockerfile_word_expand(word, '\\', dockerfile_instruction_no_value, NULL, &ignored);
	if (end == NULL || end[0] == '\0')
		return false;
	*name = take_pointer(&end);
	return true;
}

/* Moves the cursor after the line that ends the here-document. False: there is none. */
static bool
dockerfile_instruction_skip_heredoc(struct cursor *cursor, const char *name, bool tabs)
{
	struct cursor at = *cursor;
	size_t length = strlen(name);

	while (at.text[at.at] != '\0') {
		const char *line = at.text + at.at;
		size_t whole = dockerfile_instruction_line_length(line);
		size_t indent = tabs ? strspn(line, "\t") : 0;

		dockerfile_instruction_next_line(&at);
		if (whole >= indent && whole - indent == length &&
		    memcmp(line + indent, name, length) == 0) {
			*cursor = at;
			return true;
		}
	}
	cursor->searches++;
	return false;
}

/* Moves the cursor after the here-documents of the instruction. */
static bool
dockerfile_instruction_take_heredocs(struct dockerfile_instruction *one, struct cursor *cursor,
    struct error *err)
{
	static const char *const names[] = { "RUN", "COPY", "ADD" };
	const char *at = NULL;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && at == NULL; i++)
		at = dockerfile_instruction_after(one, names[i], true);
	if (at == NULL || strstr(at, "<<") == NULL || dockerfile_instruction_is_array(at))
		return true;
	while (*(at += strspn(at, SPACE)) != '\0') {
		cleanup_free char *name = NULL;
		const char *after;
		bool tabs;

		if (!dockerfile_instruction_is_heredoc(at, &after, &name, &tabs)) {
			free(dockerfile_word_take(&at, '\\'));
			continue;
		}
		at = after;
		if (cursor->searches > SEARCHES)
			return error_set(err, ERROR_INPUT,
			    "the Dockerfile has too many here-documents that do not end");
		if (dockerfile_instruction_skip_heredoc(cursor, name, tabs) && one->heredoc == NULL)
			one->heredoc = take_pointer(&name);
	}
	return true;
}

static struct dockerfile_instruction *
dockerfile_instruction_add(struct dockerfile_instructions *all)
{
	if (all->count == all->room) {
		size_t room = all->room == 0 ? 32 : all->room * 2;
		struct dockerfile_instruction *items = realloc(all->items, room * sizeof *items);

		if (items == NULL)
			return NULL;
		all->items = items;
		all->room = room;
	}
	all->items[all->count] = (struct dockerfile_instruction){ 0 };
	return &all->items[all->count++];
}

static bool
dockerfile_instruction_read_one(struct dockerfile_instructions *all, struct cursor *cursor,
    struct error *err)
{
	struct dockerfile_instruction *one = dockerfile_instruction_add(all);

	if (one == NULL)
		return dockerfile_instruction_no_memory(err);
	one->begin = cursor->at;
	one->line = cursor->line;
	one->text = dockerfile_instruction_join(all, cursor);
	one->body = cursor->at;
	if (one->text == NULL)
		return dockerfile_instruction_no_memory(err);
	if (!dockerfile_instruction_take_heredocs(one, cursor, err))
		return false;
	one->end = cursor->at;
	return true;
}

bool
dockerfile_instruction_read(struct dockerfile_instructions *all, const char *text,
    struct error *err)
{
	struct cursor cursor = { .text = text, .line = 1, .heading = true };

	*all = (struct dockerfile_instructions){ .escape = '\\' };
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		cursor.at = 3; /* the engine removes a byte order mark here */
	while (text[cursor.at] != '\0') {
		const char *line = text + cursor.at;
		size_t indent = strspn(line, SPACE);
		size_t length = dockerfile_instruction_line_length(line);

		if (cursor.heading)
			dockerfile_instruction_take_directive(all, &cursor,
			    line + (indent < length ? indent : length),
			    indent < length ? length - indent : 0);
		if (indent >= length || line[indent] == '#') {
			dockerfile_instruction_next_line(&cursor);
		} else if (!dockerfile_instruction_read_one(all, &cursor, err)) {
			dockerfile_instruction_free(all);
			return false;
		}
	}
	return true;
}
