/*
 * Checks the rules in all readings of the text (dockerfile_reading.h), so that no trick with line
 * ends hides an instruction.
 *
 * The variables of images have been replaced before (dockerfile_translate.h). A reading that still
 * has one there is not what the author meant, or a trick.
 *
 * A stage whose name has hexadecimal digits only got another name before, too. This also refuses
 * some valid Dockerfiles: a script line that begins with "from" and hexadecimal digits or with
 * "add" and a URL.
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

#define WORD_MOST  256 /* bytes of a word that are checked; an id has 71 at most */
#define INDEX_MOST 4   /* digits of a stage's number, as in --from=0 */

#define SPACE  DOCKERFILE_SPACE
#define QUOTES "\"'\\`" /* quotes and escapes: the engine removes them */
#define DIGITS "0123456789"
#define HEX    DIGITS "abcdefABCDEF"
#define NAME   HEX "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_"

struct dockerfile {
	dockerfile_is_refused *is_refused;
	void *context;
};

/*
 * Copies the text before the first of the characters in end, without quotes. Returns the text after
 * it.
 */
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
 * Copies the next word of the line, without quotes, and moves *line after it. Returns whether it is
 * a flag.
 */
static bool
dockerfile_take_flag(const char **line, char word[static WORD_MOST])
{
	*line = dockerfile_take_word(*line + strspn(*line, SPACE), SPACE "\n", word);
	return strncmp(word, "--", 2) == 0;
}

/*
 * Returns the length of a variable that all parsers understand in the same way, "$NAME" or
 * "${NAME}"; 0 for any other text after "$".
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
 * Whether the word may be an id for some value of its variables: hexadecimal digits, with or
 * without "sha256:". A literal character that an id cannot contain means no. After a variable of
 * another form the literal characters are unknown.
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
 * Whether the word may begin with one of the texts for some value of its variables. The last text
 * is NULL. open: unknown text follows the word.
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
 * If an image's name begins with one of these, Podman does not use a registry: it takes the image
 * by its id or from a file of this machine (containers-transports(5)).
 */
static const char *const transports[] = { "containers-storage:", "dir:", "docker-archive:",
	"docker-daemon:", "oci:", "oci-archive:", "ostree:", "sif:", "tarball:", NULL };

/* Checks that the word is the name of an image. */
static bool
dockerfile_check_word(const struct dockerfile *file, const char *word, struct error *err)
{
	if (file->is_refused != NULL && file->is_refused(file->context, word))
		return error_set(err, ERROR_INPUT,
		    "the Dockerfile uses the image '%s': of Kabuto's images you can only use your own; write kabuto/<image id> or kabuto/<image name>, without a tag or digest",
		    word);
	if (strchr(word, '$') == NULL && !dockerfile_may_be_id(word) &&
	    !dockerfile_may_begin(word, transports, false))
		return true;
	return error_set(err, ERROR_INPUT,
	    "the Dockerfile uses the image '%s', which may be an id or a file of this machine: write the image's name, with a tag if the name has only hexadecimal digits (cafe:latest)",
	    word);
}

/* Checks FROM: its flags and its image. */
static bool
dockerfile_check_from(const struct dockerfile *file, const char *line, struct error *err)
{
	char word[WORD_MOST];

	while (dockerfile_take_flag(&line, word))
		continue;
	return dockerfile_check_word(file, word, err);
}

/*
 * Checks "--from=" of COPY and ",from=" of a mount, which name an image or the number of a stage.
 * Flags stand before all other words.
 */
static bool
dockerfile_check_flags(const struct dockerfile *file, const char *line, struct error *err)
{
	while (line += strspn(line, SPACE), strncmp(line, "--", 2) == 0) {
		const char *end = line + strcspn(line, SPACE "\n");

		for (; line < end; line++) {
			char word[WORD_MOST];

			if (strncasecmp(line, "from=", 5) != 0)
				continue;
			(void)dockerfile_take_word(line + 5, SPACE ",\n", word);
			if (strlen(word) <= INDEX_MOST && word[strspn(word, DIGITS)] == '\0')
				continue;
			if (!dockerfile_check_word(file, word, err))
				return false;
		}
	}
	return true;
}

/*
 * Whether ADD may take the word for a URL for some value of its variables: "http://", "https://",
 * and the URLs that Podman fetches with git.
 */
static bool
dockerfile_may_be_url(const char *word)
{
	static const char *const begins[] = { "http://", "https://", "git://", "ssh://", "git@",
		NULL };
	size_t user = strspn(word, NAME "-."); /* BuildKit: "user@host:path" */

	return dockerfile_may_begin(word, begins, false) || strstr(word, "://") != NULL ||
	    (user > 0 && word[user] == '@' &&
		word[user + 1 + strcspn(word + user + 1, "/:")] == ':');
}

static bool
dockerfile_refuse_source(const char *source, struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "the Dockerfile has ADD with '%s', which may be a URL: fetch a URL with RUN; for a file of the context use COPY, or write ./ before its name",
	    source);
}

/*
 * Checks one word of ADD. A variable that may become a URL is allowed in the last word, because
 * this is the destination.
 */
static bool
dockerfile_check_source(const char *word, bool last, struct error *err)
{
	return (last && strchr(word, '$') != NULL && strstr(word, "://") == NULL) ||
	    !dockerfile_may_be_url(word) || dockerfile_refuse_source(word, err);
}

/* Checks the words of a JSON array, after decoding its escapes. */
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
 * Checks ADD. The engine fetches a URL through this machine's network, not through the build's
 * network.
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
	/* Another JSON parser may accept text that ours rejects. */
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
 * Checks RUN's flags, which only Podman knows: they must not allow another network than the
 * build's, or a cache that all accounts would share. The end of a long flag is unknown.
 */
static bool
dockerfile_check_run(const char *line, struct error *err)
{
	char word[WORD_MOST];

	while (dockerfile_take_flag(&line, word))
		if (strcmp(word, "--network=none") != 0 && strcmp(word, "--network=default") != 0 &&
		    (strncmp(word, "--mount=", 8) != 0 || strstr(word, "cache") != NULL ||
			strchr(word, '$') != NULL || strlen(word) == WORD_MOST - 1))
			return error_set(err, ERROR_INPUT,
			    "the Dockerfile has RUN with '%s', which is not allowed: use only --network=none and --mount, with at most 254 characters, without variables and without a cache",
			    word);
	return true;
}

/*
 * Returns the text after the instruction, also if ONBUILD precedes it; NULL: another instruction.
 */
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
 * Whether the flag of length bytes is --chown or --chmod with its value in quotes, as in
 * --chown="$U:$G". The quotes end in the same word and hold no escape, so that they hide nothing.
 */
static bool
dockerfile_is_quoted_owner(const char *flag, size_t length)
{
	char quote = length > 9 ? flag[8] : '\0';

	if ((strncasecmp(flag, "--chown=", 8) != 0 && strncasecmp(flag, "--chmod=", 8) != 0) ||
	    (quote != '"' && quote != '\'') || flag[length - 1] != quote)
		return false;
	for (size_t i = 9; i + 1 < length; i++)
		if (strchr(QUOTES, flag[i]) != NULL || !isascii(flag[i]))
			return false;
	return true;
}

/*
 * Checks that the flags after an instruction are plain. Quotes and escapes, which the engine
 * removes, or unusual spaces could hide a flag. Some engines read the word after a flag without "="
 * as its value.
 */
static bool
dockerfile_check_plain_flags(const char *line, struct error *err)
{
	while (line += strspn(line, SPACE), strncmp(line, "--", 2) == 0) {
		size_t length = strcspn(line, SPACE "\n");
		bool plain = memchr(line, '=', length) != NULL;

		for (size_t i = 0; i < length; i++)
			plain = plain && strchr(QUOTES, line[i]) == NULL && isascii(line[i]);
		if (!plain && !dockerfile_is_quoted_owner(line, length))
			return error_set(err, ERROR_INPUT,
			    "the Dockerfile has the flag '%.*s': write it as --name=value in ASCII, without quotes and escapes",
			    (int)length, line);
		line += length;
	}
	return true;
}

static bool
dockerfile_check_line(const struct dockerfile *file, const char *line, struct error *err)
{
	const char *from = dockerfile_behind(line, "FROM"), *add = dockerfile_behind(line, "ADD"),
		   *copy = dockerfile_behind(line, "COPY"), *run = dockerfile_behind(line, "RUN");
	const char *flags = from != NULL ? from : add != NULL ? add : copy != NULL ? copy : run;

	if (flags == NULL)
		return true;
	if (!dockerfile_check_plain_flags(flags, err))
		return false;
	return (from != NULL ? dockerfile_check_from(file, from, err)
			     : dockerfile_check_flags(file, flags, err)) &&
	    (add == NULL || dockerfile_check_add(add, err)) &&
	    (run == NULL || dockerfile_check_run(run, err));
}

bool
dockerfile_check(const char *text, dockerfile_is_refused *is_refused, void *context,
    struct error *err)
{
	cleanup_free char *readings = dockerfile_reading_list(text, err);
	const struct dockerfile file = { is_refused, context };

	if (readings == NULL)
		return false;
	for (const char *line = readings; *line != '\0'; line = strchr(line, '\n') + 1)
		if (!dockerfile_check_line(&file, line + strspn(line, SPACE), err))
			return false;
	return true;
}

/*
 * Checks RUN's mounts. The engine would say only "no active sessions". The flags may have quotes,
 * and the names of a mount's fields may have upper case.
 */
static bool
dockerfile_check_secrets(const char *line, struct error *err)
{
	static const char *const types[] = { "type=secret", "type=ssh", NULL };
	char word[WORD_MOST];

	while (dockerfile_take_flag(&line, word))
		for (size_t i = 0; types[i] != NULL; i++)
			if (strcasestr(word, types[i]) != NULL)
				return error_set(err, ERROR_INPUT,
				    "the Dockerfile has RUN with '%s': builds get no secrets and no SSH keys; send the file as an attachment, or clone in a job",
				    word);
	return true;
}

bool
dockerfile_check_buildkit(const char *text, struct error *err)
{
	cleanup_free char *readings = dockerfile_reading_list(text, err);

	if (readings == NULL)
		return false;
	for (const char *line = readings; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *at = line + strspn(line, SPACE);
		const char *add = dockerfile_behind(at, "ADD"), *run = dockerfile_behind(at, "RUN");

		if ((add != NULL && !dockerfile_check_add(add, err)) ||
		    (run != NULL && !dockerfile_check_secrets(run, err)))
			return false;
	}
	return true;
}
