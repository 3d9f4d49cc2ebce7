/*
 * The text is read in more ways than the engine reads it: as its lines stand, and with lines joined
 * by either character that a Dockerfile may choose for it (the directive "escape"). What looks like
 * a FROM or an ADD in any of them is held against the rule, so that no trick with lines hides one.
 * The price: a line of a script that begins with "from" and hexadecimal digits is refused, as one
 * that begins with "add" and has a URL, and so is a stage that is named with hexadecimal digits
 * alone.
 */
#include "dockerfile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"

#define WORD_MOST  256 /* bytes of a word that is looked at; an id has 71 at most */
#define INDEX_MOST 4   /* digits of a stage's number, as in --from=0 */

#define SPACE  " \t\v\f\r"
#define DIGITS "0123456789"
#define HEX    DIGITS "abcdefABCDEF"
#define NAME   HEX "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_"

/* Copies what is before any of the characters end, without quotes; returns what is behind it. */
static const char *
take_word(const char *line, const char *end, char word[static WORD_MOST])
{
	size_t length = strcspn(line, end), at = 0;

	for (size_t i = 0; i < length && at + 1 < WORD_MOST; i++)
		if (strchr("\"'\\`", line[i]) == NULL)
			word[at++] = line[i];
	word[at] = '\0';
	return line + length;
}

/*
 * The length of a variable that all readers understand alike, "$NAME" or "${NAME}"; 0 for whatever
 * else "$" may begin.
 */
static size_t
variable_length(const char *at)
{
	bool braces = at[1] == '{';
	size_t name = strspn(at + 1 + braces, NAME);

	if (name == 0 || (braces && at[2 + name] != '}'))
		return 0;
	return 1 + name + (braces ? 2 : 0);
}

static bool
is_ascii(const char *word)
{
	while (*word != '\0' && (unsigned char)*word < 0x80)
		word++;
	return *word == '\0';
}

/*
 * Whether the word, with whatever its variables stand for, may be an id: hexadecimal digits, behind
 * "sha256:" or not. A character of its own that is in neither rules that out; behind a variable
 * that is not a plain one nobody knows what is its own. Other spaces than ours end a word, too.
 */
static bool
may_be_id(const char *word)
{
	if (!is_ascii(word))
		return true;
	if (strchr(word, '$') == NULL)
		return word[0] != '\0' &&
		    (word[strspn(word, HEX)] == '\0' || strncmp(word, "sha256:", 7) == 0);
	while (*word != '\0') {
		size_t length = *word == '$' ? variable_length(word) : 0;

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
may_begin(const char *word, const char *const *texts, bool open)
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
is_good_value(const char *value, bool all)
{
	if (all)
		return !may_be_id(value) && !may_begin(value, transports, false);
	return value[0] != '\0' && !may_begin(value, transports, true);
}

/* Whether each ARG of that name in the text has a value, and a good one. */
static bool
arguments_are_good(const char *text, const char *name, bool all)
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
			line = take_word(line, SPACE "\n", word);
			if (strncmp(word, name, length) != 0 ||
			    (word[length] != '=' && word[length] != '\0'))
				continue;
			if (word[length] == '\0' || !is_good_value(word + length + 1, all))
				return false;
			found = true;
		}
	}
	return found;
}

/* Whether the variable at the word's beginning stands for what the text's own ARG says, and well.
 */
static bool
is_named_by_argument(const char *text, const char *word)
{
	size_t length = word[0] == '$' ? variable_length(word) : 0;
	bool braces = length > 0 && word[1] == '{', all = word[length] == '\0';
	char name[WORD_MOST];

	if (length == 0 || (!all && may_be_id(word)))
		return false;
	snprintf(name, sizeof name, "%.*s", (int)(length - 1 - (braces ? 2 : 0)),
	    word + 1 + braces);
	return arguments_are_good(text, name, all);
}

static bool
check_word(const char *text, const char *word, struct error *err)
{
	if ((!may_be_id(word) && !may_begin(word, transports, false)) ||
	    is_named_by_argument(text, word))
		return true;
	return error_set(err, ERROR_INPUT,
	    "the Dockerfile takes an image by '%s', which is or may be an id or a file of this machine: write its name, with a tag where the name is of hexadecimal digits (cafe:latest)",
	    word);
}

/* FROM, its flags, and the image. */
static bool
check_from(const char *text, const char *line, struct error *err)
{
	char word[WORD_MOST];

	do {
		line += strspn(line, SPACE);
		line = take_word(line, SPACE "\n", word);
	} while (word[0] == '-' && word[1] == '-' && is_ascii(word));
	return check_word(text, word, err);
}

/* "--from=" of COPY, and ",from=" of a mount: an image too, unless it is a stage's number. */
static bool
check_flags(const char *text, const char *line, struct error *err)
{
	const char *end = line + strcspn(line, "\n");
	char word[WORD_MOST];

	for (const char *at = line; at < end; at++) {
		if (strncasecmp(at, "from=", 5) != 0)
			continue;
		(void)take_word(at + 5, SPACE ",\n", word);
		if (strlen(word) <= INDEX_MOST && word[strspn(word, DIGITS)] == '\0')
			continue;
		if (!check_word(text, word, err))
			return false;
	}
	return true;
}

/*
 * Whether ADD would take it for a URL, whatever its variables stand for: "http://", "https://", and
 * what Podman fetches by git besides.
 */
static bool
may_be_url(const char *word)
{
	static const char *const begins[] = { "http://", "https://", "git://", "ssh://", "git@",
		NULL };

	return may_begin(word, begins, false) || strstr(word, "://") != NULL;
}

/*
 * What ADD takes, all words but the last one: the engine fetches a URL from its own network, which
 * is this machine's, whatever the build's is. In a JSON array "\u0068" may be a letter of one.
 */
static bool
check_add(const char *line, struct error *err)
{
	const char *end = line + strcspn(line, "\n");
	char word[WORD_MOST], source[WORD_MOST] = "";

	while (line < end) {
		const char *begin = line;

		line += strspn(line, SPACE "[],");
		while (line < end && (unsigned char)*line >= 0x80)
			line++; /* spaces of Unicode are dropped by the engine */
		line = take_word(line, SPACE "[],\n", word);
		if (source[0] != '\0' && word[0] != '\0')
			return error_set(err, ERROR_INPUT,
			    "the Dockerfile has ADD with '%s', which is or may be a URL: fetch it by RUN, or use COPY (or ./ before a name) for a file of the context",
			    source);
		if (may_be_url(word) || memmem(begin, (size_t)(line - begin), "\\u", 2) != NULL)
			memcpy(source, word, sizeof source);
	}
	return true;
}

/*
 * RUN's flags, which Podman alone knows: they must not lead out of the build's network, nor to a
 * cache that all accounts would share.
 */
static bool
check_run(const char *line, struct error *err)
{
	char word[WORD_MOST];

	for (;;) {
		line += strspn(line, SPACE);
		line = take_word(line, SPACE "\n", word);
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
behind(const char *line, const char *instruction)
{
	size_t length = strlen(instruction);

	while (strncasecmp(line, "ONBUILD", 7) == 0 && line[7] != '\0' &&
	    strchr(SPACE, line[7]) != NULL)
		line += 7 + strspn(line + 7, SPACE);
	return strncasecmp(line, instruction, length) == 0 && strchr(SPACE, line[length]) != NULL
	    ? line + length
	    : NULL;
}

static bool
check_lines(const char *text, struct error *err)
{
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		const char *added, *run;

		line += *line == '\n';
		/* Spaces of Unicode, which the engine drops too, and a byte order mark. */
		while (strchr(SPACE, *line) != NULL ? *line != '\0' : (unsigned char)*line >= 0x80)
			line++;
		if (strncasecmp(line, "FROM", 4) == 0 && strchr(SPACE, line[4]) != NULL
			? !check_from(text, line + 4, err)
			: !check_flags(text, line, err))
			return false;
		added = behind(line, "ADD");
		run = behind(line, "RUN");
		if ((added != NULL && !check_add(added, err)) ||
		    (run != NULL && !check_run(run, err)))
			return false;
	}
	return true;
}

/* Where a line ends that the next one is joined to by escape; NULL: it is not. */
static const char *
joint_of(const char *line, size_t length, char escape)
{
	while (length > 0 && strchr(SPACE, line[length - 1]) != NULL)
		length--;
	return length > 0 && line[length - 1] == escape ? line + length - 1 : NULL;
}

/*
 * The text with its lines joined, the caller's to free; NULL: no memory. Comments, and empty lines
 * between joined ones, are left out, as the engine does.
 */
static char *
join_lines(const char *text, char escape)
{
	char *joined = malloc(strlen(text) + 2), *to = joined;
	bool goes_on = false;

	while (joined != NULL && *text != '\0') {
		size_t length = strcspn(text, "\n"), indent = strspn(text, SPACE);
		const char *joint = joint_of(text, length, escape);
		size_t copied = joint != NULL ? (size_t)(joint - text) : length;

		if (text[indent] != '#' && !(goes_on && indent >= length)) {
			memcpy(to, text, copied);
			to += copied;
			goes_on = joint != NULL;
			if (!goes_on)
				*to++ = '\n';
		}
		text += length + (text[length] == '\n');
	}
	if (joined != NULL)
		*to = '\0';
	return joined;
}

bool
dockerfile_check(const char *text, struct error *err)
{
	cleanup_free char *one = join_lines(text, '\\'), *other = join_lines(text, '`');

	if (one == NULL || other == NULL)
		return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
	return check_lines(text, err) && check_lines(one, err) && check_lines(other, err);
}
