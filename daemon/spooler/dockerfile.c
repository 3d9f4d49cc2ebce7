/*
 * The rules are held against all readings of the text (dockerfile_reading.h), so that no trick with
 * lines hides an instruction. The price: a line of a script that begins with "from" and hexadecimal
 * digits is refused, as one that begins with "add" and has a URL, and so is a stage that is named
 * with hexadecimal digits alone.
 */
#include "dockerfile.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "dockerfile_reading.h"

#define WORD_MOST    256 /* bytes of a word that is looked at; an id has 71 at most */
#define LOOKUPS_MOST 500 /* of variables: each goes through all of the text */
#define INDEX_MOST   4   /* digits of a stage's number, as in --from=0 */

#define SPACE  DOCKERFILE_SPACE
#define QUOTES "\"'\\`" /* and escapes: the engine takes them away */
#define DIGITS "0123456789"
#define HEX    DIGITS "abcdefABCDEF"
#define NAME   HEX "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_"

struct dockerfile {
	const char *readings;
	int lookups; /* of variables, so far */
};

/* Copies what is before any of the characters end, without quotes; returns what is behind it. */
static const char *
dockerfile_take_word(const char *line, const char *end, char word[static WORD_MOST])
{
	size_t length = strcspn(line, end), at = 0;

	for (size_t i = 0; i < length && at + 1 < WORD_MOST; i++)
		if (strchr(QUOTES, line[i]) == NULL)
			word[at++] = line[i];
	word[at] = '\0';
	return line + length;
}

/*
 * The length of a variable that all readers understand alike, "$NAME" or "${NAME}"; 0 for whatever
 * else "$" may begin.
 */
static size_t
dockerfile_variable_length(const char *at)
{
	bool braces = at[1] == '{';
	size_t name = strspn(at + 1 + braces, NAME);

	if (name == 0 || (braces && at[2 + name] != '}'))
		return 0;
	return 1 + name + (braces ? 2 : 0);
}

static bool
dockerfile_is_ascii(const char *word)
{
	while (*word != '\0' && (unsigned char)*word < 0x80)
		word++;
	return *word == '\0';
}

/*
 * Whether the word, with whatever its variables stand for, may be an id: hexadecimal digits, behind
 * "sha256:" or not. A character of its own that is in neither rules that out; behind a variable
 * that is not a plain one nobody knows what is its own.
 */
static bool
dockerfile_may_be_id(const char *word)
{
	if (!dockerfile_is_ascii(word))
		return true;
	if (strchr(word, '$') == NULL)
		return word[0] != '\0' &&
		    (word[strspn(word, HEX)] == '\0' || strncmp(word, "sha256:", 7) == 0);
	while (*word != '\0') {
		size_t length = *word == '$' ? dockerfile_variable_length(word) : 0;

		if (*word == '$' && length == 0)
			return true;
		if (*word != '$' && strchr(HEX "sh:", *word) == NULL)
			return false;
		word += length > 0 ? length : 1;
	}
	return true;
}

/*
 * Whether the word, with whatever its variables stand for, may begin with one of the texts, of
 * which the last is NULL; open: something unknown follows it.
 */
static bool
dockerfile_may_begin(const char *word, const char *const *texts, bool open)
{
	size_t own = strcspn(word, "$");

	open = open || word[own] == '$';
	for (; *texts != NULL; texts++) {
		size_t length = strlen(*texts);

		if (strncasecmp(word, *texts, open && own < length ? own : length) == 0)
			return true;
	}
	return false;
}

/*
 * Where Podman takes an image from by a name with one of these before it, and from no registry: by
 * its id, or out of a file of the machine (containers-transports(5)).
 */
static const char *const transports[] = { "containers-storage:", "dir:", "docker-archive:",
	"docker-daemon:", "oci:", "oci-archive:", "ostree:", "sif:", "tarball:", NULL };

/* Of an ARG that stands for all of an image's name, or for its beginning. */
static bool
dockerfile_is_good_value(const char *value, bool all)
{
	if (all)
		return !dockerfile_may_be_id(value) &&
		    !dockerfile_may_begin(value, transports, false);
	return value[0] != '\0' && !dockerfile_may_begin(value, transports, true);
}

/* Whether each ARG of that name in the text has a value, and a good one. */
static bool
dockerfile_arguments_are_good(const char *text, const char *name, bool all)
{
	size_t length = strlen(name);
	bool found = false;

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		char word[WORD_MOST];

		line += *line == '\n';
		line += strspn(line, SPACE);
		if (strncasecmp(line, "ARG", 3) != 0 || strchr(SPACE, line[3]) == NULL)
			continue;
		line += 3;
		while (line += strspn(line, SPACE), *line != '\0' && *line != '\n') {
			line = dockerfile_take_word(line, SPACE "\n", word);
			if (strncmp(word, name, length) != 0 ||
			    (word[length] != '=' && word[length] != '\0'))
				continue;
			if (word[length] == '\0' ||
			    !dockerfile_is_good_value(word + length + 1, all))
				return false;
			found = true;
		}
	}
	return found;
}

/* Whether the variable at the word's beginning stands for what the text's own ARG says, and well.
 */
static bool
dockerfile_is_named_by_argument(struct dockerfile *file, const char *word)
{
	size_t length = word[0] == '$' ? dockerfile_variable_length(word) : 0;
	bool braces = length > 0 && word[1] == '{', all = word[length] == '\0';
	char name[WORD_MOST];

	if (length == 0 || (!all && dockerfile_may_be_id(word)))
		return false;
	snprintf(name, sizeof name, "%.*s", (int)(length - 1 - (braces ? 2 : 0)),
	    word + 1 + braces);
	return file->lookups++ < LOOKUPS_MOST &&
	    dockerfile_arguments_are_good(file->readings, name, all);
}

/* Whether the word is an image's name. Without a file, variables stand for anything. */
static bool
dockerfile_check_word(struct dockerfile *file, const char *word, struct error *err)
{
	if ((!dockerfile_may_be_id(word) && !dockerfile_may_begin(word, transports, false)) ||
	    (file != NULL && dockerfile_is_named_by_argument(file, word)))
		return true;
	return error_set(err, ERROR_INPUT,
	    "the Dockerfile takes an image by '%s', which is or may be an id or a file of this machine: write its name, with a tag where the name is of hexadecimal digits (cafe:latest)",
	    word);
}

/* FROM, its flags, and the image. */
static bool
dockerfile_check_from(struct dockerfile *file, const char *line, struct error *err)
{
	char word[WORD_MOST];

	do {
		line += strspn(line, SPACE);
		line = dockerfile_take_word(line, SPACE "\n", word);
	} while (strncmp(word, "--", 2) == 0);
	return dockerfile_check_word(file, word, err);
}

/*
 * "--from=" of COPY, and ",from=" of a mount: an image too, unless it is a stage's number. Docker
 * fills in no variables there, and Podman those of ENV, too.
 */
static bool
dockerfile_check_flags(const char *line, struct error *err)
{
	const char *end = line + strcspn(line, "\n");
	char word[WORD_MOST];

	for (const char *at = line; at < end; at++) {
		if (strncasecmp(at, "from=", 5) != 0)
			continue;
		(void)dockerfile_take_word(at + 5, SPACE ",\n", word);
		if (strlen(word) <= INDEX_MOST && word[strspn(word, DIGITS)] == '\0')
			continue;
		if (!dockerfile_check_word(NULL, word, err))
			return false;
	}
	return true;
}

/*
 * Whether ADD would take it for a URL, whatever its variables stand for: "http://", "https://", and
 * what Podman fetches by git besides.
 */
static bool
dockerfile_may_be_url(const char *word)
{
	static const char *const begins[] = { "http://", "https://", "git://", "ssh://", "git@",
		NULL };

	return dockerfile_may_begin(word, begins, false) || strstr(word, "://") != NULL;
}

static bool
dockerfile_refuse_source(const char *source, struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "the Dockerfile has ADD with '%s', which is or may be a URL: fetch it by RUN, or use COPY (or ./ before a name) for a file of the context",
	    source);
}

/* A name that a variable may make a URL is taken where it is the last one, which says where to. */
static bool
dockerfile_check_source(const char *word, bool last, struct error *err)
{
	return (last && strchr(word, '$') != NULL && strstr(word, "://") == NULL) ||
	    !dockerfile_may_be_url(word) || dockerfile_refuse_source(word, err);
}

/* The words of a JSON array, with its escapes read. */
static bool
dockerfile_check_array(json_t *array, struct error *err)
{
	json_t *item;
	size_t i;

	json_array_foreach (array, i, item) {
		const char *text = json_string_value(item);
		char word[WORD_MOST];

		if (text == NULL)
			continue;
		(void)dockerfile_take_word(text, "", word);
		if (!dockerfile_check_source(word, i + 1 == json_array_size(array), err))
			return false;
	}
	return true;
}

/*
 * What ADD takes: the engine fetches a URL from its own network, which is this machine's, whatever
 * the build's is.
 */
static bool
dockerfile_check_add(const char *line, struct error *err)
{
	cleanup_free char *copy = strndup(line, strcspn(line, "\n"));
	cleanup_json json_t *array = NULL;
	const char *at = copy;
	char word[WORD_MOST];

	if (copy == NULL)
		return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
	while (at += strspn(at, SPACE), strncmp(at, "--", 2) == 0)
		at += strcspn(at, SPACE);
	if (*at == '[')
		array = json_loads(at, 0, NULL);
	if (json_is_array(array))
		return dockerfile_check_array(array, err);
	/* Another reader of JSON may understand what ours does not. */
	if (*at == '[' && strchr(at, '\\') != NULL)
		return dockerfile_refuse_source(at, err);
	while (*at != '\0') {
		at = dockerfile_take_word(at, SPACE, word);
		at += strspn(at, SPACE);
		if (!dockerfile_check_source(word, *at == '\0', err))
			return false;
	}
	return true;
}

/*
 * RUN's flags, which Podman alone knows: they must not lead out of the build's network, nor to a
 * cache that all accounts would share.
 */
static bool
dockerfile_check_run(const char *line, struct error *err)
{
	char word[WORD_MOST];

	for (;;) {
		line += strspn(line, SPACE);
		line = dockerfile_take_word(line, SPACE "\n", word);
		if (strncmp(word, "--", 2) != 0)
			return true;
		if (strcmp(word, "--network=none") != 0 && strcmp(word, "--network=default") != 0 &&
		    (strncmp(word, "--mount=", 8) != 0 || strstr(word, "cache") != NULL ||
			strchr(word, '$') != NULL))
			return error_set(err, ERROR_INPUT,
			    "the Dockerfile has RUN with '%s', which is not allowed here: of RUN's flags there are --network=none and --mount, with no variable and no cache",
			    word);
	}
}

/* What is behind the instruction, also where it is there for images to come; NULL: another one. */
static const char *
dockerfile_behind(const char *line, const char *instruction)
{
	size_t length = strlen(instruction);

	while (strncasecmp(line, "ONBUILD", 7) == 0 && line[7] != '\0' &&
	    strchr(SPACE, line[7]) != NULL)
		line += 7 + strspn(line + 7, SPACE);
	return strncasecmp(line, instruction, length) == 0 && strchr(SPACE, line[length]) != NULL
	    ? line + length
	    : NULL;
}

/*
 * The flags behind an instruction: what the engine takes away of them, and what it takes for a
 * space in them, could hide one. To some engines the word behind a flag without "=" is its value.
 */
static bool
dockerfile_check_plain_flags(const char *line, struct error *err)
{
	while (line += strspn(line, SPACE), strncmp(line, "--", 2) == 0) {
		size_t length = strcspn(line, SPACE "\n");
		bool plain = memchr(line, '=', length) != NULL;

		for (size_t i = 0; i < length; i++)
			plain = plain && strchr(QUOTES, line[i]) == NULL && isascii(line[i]);
		if (!plain)
			return error_set(err, ERROR_INPUT,
			    "the Dockerfile has the flag '%.*s': write it as --name=value, without quotes, escapes and characters that are not ASCII",
			    (int)length, line);
		line += length;
	}
	return true;
}

static bool
dockerfile_check_line(struct dockerfile *file, const char *line, struct error *err)
{
	const char *from = dockerfile_behind(line, "FROM"), *add = dockerfile_behind(line, "ADD"),
		   *copy = dockerfile_behind(line, "COPY"), *run = dockerfile_behind(line, "RUN");
	const char *flags = from != NULL ? from : add != NULL ? add : copy != NULL ? copy : run;

	if (flags != NULL && !dockerfile_check_plain_flags(flags, err))
		return false;
	return (from != NULL ? dockerfile_check_from(file, from, err)
			     : dockerfile_check_flags(line, err)) &&
	    (add == NULL || dockerfile_check_add(add, err)) &&
	    (run == NULL || dockerfile_check_run(run, err));
}

bool
dockerfile_check(const char *text, struct error *err)
{
	cleanup_free char *readings = dockerfile_reading_list(text, err);
	struct dockerfile file = { .readings = readings };

	if (readings == NULL)
		return false;
	for (const char *line = readings; *line != '\0'; line = strchr(line, '\n') + 1)
		if (!dockerfile_check_line(&file, line + strspn(line, SPACE), err))
			return false;
	return true;
}
