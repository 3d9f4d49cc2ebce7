/*
 * Translates instruction by instruction. An instruction that changes is written in one line, after
 * empty lines in the place of its other lines.
 */
#include "dockerfile_translate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "dockerfile_variable.h"
#include "dockerfile_word.h"
#include "take.h"

#define SPACE       " \t\r\v\f"
#define NAME_MOST   128
#define STAGES_MOST 1000

struct translation {
	const struct dockerfile_translation *of;
	struct dockerfile_variables variables;
	char *stages[STAGES_MOST]; /* their names; NULL: the stage has none */
	size_t count;
	char missing[NAME_MOST]; /* the first variable of a word that has no value */
	bool in_from;            /* the word belongs to FROM */
	bool changed;            /* the instruction is another one for the engine */
};

static bool
dockerfile_translate_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "translate the Dockerfile: not enough memory");
}

static const char *
dockerfile_translate_value(void *context, const char *name)
{
	struct translation *at = context;
	const char *value = at->in_from ? dockerfile_variable_in_from(&at->variables, name)
					: dockerfile_variable_in_stage(&at->variables, name);

	if (value == NULL && at->missing[0] == '\0')
		snprintf(at->missing, sizeof at->missing, "%s", name);
	return value;
}

/* Whether the word can be the name of an image, a stage or a platform. */
static bool
dockerfile_translate_is_name(const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i < length; i++)
		if (!isascii(word[i]) ||
		    (!isalnum((unsigned char)word[i]) && strchr("._/:@-[]", word[i]) == NULL))
			return false;
	return length > 0 && isalnum((unsigned char)word[length - 1]) &&
	    (isalnum((unsigned char)word[0]) || word[0] == '[');
}

/*
 * Replaces the variables of a word. Returns the result, which the caller frees; NULL with err set.
 */
static char *
dockerfile_translate_expand(struct translation *at, const struct dockerfile_instruction *one,
    const char *word, struct error *err)
{
	cleanup_free char *expanded = NULL;

	at->missing[0] = '\0';
	expanded = dockerfile_word_expand(word, at->of->instructions->escape,
	    dockerfile_translate_value, at, err);
	if (expanded == NULL) {
		error_wrap(err, "line %d", one->line);
		return NULL;
	}
	if (dockerfile_translate_is_name(expanded)) {
		at->changed = true;
		return take_pointer(&expanded);
	}
	if (at->missing[0] != '\0')
		error_set(err, ERROR_INPUT,
		    "line %d of the Dockerfile uses '%.200s', but %s has no value: write ARG %s=<value> before the first FROM, or write ARG %s there and give build_arg=%s=<value>",
		    one->line, word, at->missing, at->missing, at->missing, at->missing);
	else
		error_set(err, ERROR_INPUT,
		    "line %d of the Dockerfile uses '%.200s', which becomes '%.200s': this is no name of an image or platform",
		    one->line, word, expanded);
	return NULL;
}

static bool
dockerfile_translate_is_stage(const struct translation *at, const char *name)
{
	for (size_t i = 0; i < at->count; i++)
		if (at->stages[i] != NULL && strcasecmp(at->stages[i], name) == 0)
			return true;
	return strcasecmp(name, "scratch") == 0;
}

/* Whether the name of a stage could be an id of an image, and gets another name. */
static bool
dockerfile_translate_renames(const struct translation *at, const char *name)
{
	return at->of->rename_stages && isalpha((unsigned char)name[0]) &&
	    name[strspn(name, "0123456789abcdefABCDEF")] == '\0';
}

/* Returns the stage's name for the engine; the caller frees it. NULL with err set. */
static char *
dockerfile_translate_stage(struct translation *at, const char *name, struct error *err)
{
	char *other = NULL;

	if (asprintf(&other, "%s%s", dockerfile_translate_renames(at, name) ? "stage-" : "", name) <
	    0) {
		dockerfile_translate_no_memory(err);
		return NULL;
	}
	at->changed = at->changed || strcmp(name, other) != 0;
	return other;
}

/*
 * Returns what stands in the place of an image's name: with the values of its variables, or the
 * visitor's name. The caller frees it. NULL with err set.
 */
static char *
dockerfile_translate_image(struct translation *at, const struct dockerfile_instruction *one,
    const char *word, struct error *err)
{
	cleanup_free char *name = NULL, *other = NULL;

	if (strpbrk(word, "$\"'\\`") != NULL)
		name = dockerfile_translate_expand(at, one, word, err);
	else if ((name = strdup(word)) == NULL)
		dockerfile_translate_no_memory(err);
	if (name == NULL)
		return NULL;
	if (dockerfile_translate_is_stage(at, name))
		return dockerfile_translate_stage(at, name, err);
	if (at->of->visit == NULL || (!at->in_from && name[strspn(name, "0123456789")] == '\0'))
		return take_pointer(&name);
	if (!at->of->visit(at->of->context, name, &other, err))
		return NULL;
	at->changed = at->changed || other != NULL;
	return other != NULL ? take_pointer(&other) : take_pointer(&name);
}

/* Writes a flag of FROM with the values of its variables. */
static bool
dockerfile_translate_from_flag(struct translation *at, const struct dockerfile_instruction *one,
    const char *flag, FILE *to, struct error *err)
{
	size_t name = strcspn(flag, "=");
	cleanup_free char *value = NULL;

	if (flag[name] != '=' || strchr(flag, '$') == NULL)
		return fprintf(to, " %s", flag) >= 0;
	value = dockerfile_translate_expand(at, one, flag + name + 1, err);
	return value != NULL && fprintf(to, " %.*s=%s", (int)name, flag, value) >= 0;
}

/* Begins a stage: its ARGs, and its name, the word after AS. Writes the rest of FROM. */
static bool
dockerfile_translate_begin_stage(struct translation *at, const char *rest, FILE *to,
    struct error *err)
{
	char escape = at->of->instructions->escape;
	const char *end = rest;
	cleanup_free char *as = dockerfile_word_take(&end, escape), *other = NULL;
	char *name =
	    as != NULL && strcasecmp(as, "as") == 0 ? dockerfile_word_take(&end, escape) : NULL;

	dockerfile_variable_next_stage(&at->variables);
	if (at->count == STAGES_MOST) {
		free(name);
		return error_set(err, ERROR_INPUT, "the Dockerfile has more than %d stages",
		    STAGES_MOST);
	}
	at->stages[at->count++] = name;
	if (name == NULL || !dockerfile_translate_renames(at, name))
		return fputs(rest, to) >= 0;
	other = dockerfile_translate_stage(at, name, err);
	return other != NULL && fprintf(to, " AS %s%s", other, end) >= 0;
}

static bool
dockerfile_translate_from(struct translation *at, const struct dockerfile_instruction *one,
    const char *arguments, FILE *to, struct error *err)
{
	char escape = at->of->instructions->escape;
	cleanup_free char *word = NULL, *image = NULL;

	at->in_from = true;
	fputs("FROM", to);
	while ((word = dockerfile_word_take(&arguments, escape)) != NULL &&
	    strncmp(word, "--", 2) == 0) {
		if (!dockerfile_translate_from_flag(at, one, word, to, err))
			return false;
		free(word);
	}
	if (word != NULL) {
		image = dockerfile_translate_image(at, one, word, err);
		if (image == NULL)
			return false;
		fprintf(to, " %s", image);
	}
	return dockerfile_translate_begin_stage(at, arguments, to, err);
}

/*
 * Returns the image's name in a flag, "--from=x" of COPY and ADD or "--mount=type=bind,from=x" of
 * RUN; NULL: the flag has none.
 */
static const char *
dockerfile_translate_image_in_flag(const char *flag)
{
	const char *at;

	if (strncasecmp(flag, "--from=", 7) == 0)
		return flag + 7;
	if (strncasecmp(flag, "--mount=", 8) != 0)
		return NULL;
	for (at = flag + 7; at != NULL; at = strchr(at + 1, ','))
		if (strncasecmp(at + 1, "from=", 5) == 0)
			return at + 6;
	return NULL;
}

/*
 * Whether the flag stands for "--flag=true". dockerfile_check wants a value, because some engines
 * take the next word for it.
 */
static bool
dockerfile_translate_is_switch(const char *flag)
{
	static const char *const names[] = { "--link", "--parents", "--keep-git-dir", "--unpack" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(flag, names[i]) == 0)
			return true;
	return false;
}

/*
 * Refuses quotes and escapes in a flag that names an image without them. The engine would remove
 * them.
 */
static bool
dockerfile_translate_check_flag(const struct dockerfile_instruction *one, const char *flag,
    struct error *err)
{
	cleanup_free char *plain = strdup(flag);
	char *to = plain;

	if (plain == NULL)
		return dockerfile_translate_no_memory(err);
	for (const char *at = flag; *at != '\0'; at++)
		if (strchr("\"'\\`", *at) == NULL)
			*to++ = *at;
	*to = '\0';
	return strcmp(plain, flag) == 0 || dockerfile_translate_image_in_flag(plain) == NULL ||
	    error_set(err, ERROR_INPUT,
		"line %d of the Dockerfile has the flag '%.200s': write it as --name=value, without quotes and escapes",
		one->line, flag);
}

/* Writes COPY, ADD or RUN with the images in its flags. */
static bool
dockerfile_translate_flags(struct translation *at, const struct dockerfile_instruction *one,
    const char *arguments, FILE *to, struct error *err)
{
	at->in_from = false;
	fprintf(to, "%.*s", (int)(arguments - one->text), one->text);
	for (;;) {
		size_t space = strspn(arguments, SPACE);
		const char *begin = arguments + space, *name;
		cleanup_free char *flag = NULL, *copy = NULL, *image = NULL;

		if (strncmp(begin, "--", 2) != 0)
			break;
		arguments = begin;
		flag = dockerfile_word_take(&arguments, at->of->instructions->escape);
		if (flag == NULL)
			return dockerfile_translate_no_memory(err);
		if (!dockerfile_translate_check_flag(one, flag, err))
			return false;
		fprintf(to, "%.*s", (int)space, begin - space);
		name = dockerfile_translate_image_in_flag(flag);
		if (name == NULL) {
			bool is_switch = dockerfile_translate_is_switch(flag);

			fprintf(to, "%s%s", flag, is_switch ? "=true" : "");
			at->changed = at->changed || is_switch;
			continue;
		}
		copy = strndup(name, strcspn(name, ","));
		if (copy == NULL)
			return dockerfile_translate_no_memory(err);
		image = dockerfile_translate_image(at, one, copy, err);
		if (image == NULL)
			return false;
		fprintf(to, "%.*s%s%s", (int)(name - flag), flag, image, name + strlen(copy));
	}
	fputs(arguments, to);
	return true;
}

/* Writes the instruction's own line as it is for the engine, if it has an image. */
static bool
dockerfile_translate_line(struct translation *at, const struct dockerfile_instruction *one,
    FILE *to, struct error *err)
{
	static const char *const names[] = { "COPY", "ADD", "RUN" };
	const char *arguments = dockerfile_instruction_after(one, "ARG", false);

	if (arguments != NULL)
		return dockerfile_variable_declare(&at->variables, arguments,
		    at->of->instructions->escape, err);
	arguments = dockerfile_instruction_after(one, "FROM", false);
	if (arguments != NULL)
		return dockerfile_translate_from(at, one, arguments, to, err);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		arguments = dockerfile_instruction_after(one, names[i], true);
		if (arguments != NULL)
			return dockerfile_translate_flags(at, one, arguments, to, err);
	}
	return true;
}

static bool
dockerfile_translate_one(struct translation *at, const struct dockerfile_instruction *one, FILE *to,
    struct error *err)
{
	const char *text = at->of->text;
	char *buffer = NULL;
	cleanup_free char *line = NULL;
	size_t length;
	FILE *own = open_memstream(&buffer, &length);
	bool done;

	if (own == NULL)
		return dockerfile_translate_no_memory(err);
	at->changed = false;
	done = dockerfile_translate_line(at, one, own, err);
	if (fclose(own) != 0 && done)
		done = dockerfile_translate_no_memory(err);
	line = buffer;
	if (!done)
		return false;
	if (!at->changed) {
		fwrite(text + one->begin, 1, one->end - one->begin, to);
		return true;
	}
	/* Before the line, because its here-documents must follow it. */
	for (size_t i = one->begin; i + 1 < one->body; i++)
		if (text[i] == '\n')
			fputc('\n', to);
	fprintf(to, "%s\n", line);
	fwrite(text + one->body, 1, one->end - one->body, to);
	return true;
}

static bool
dockerfile_translate_all(struct translation *at, FILE *to, struct error *err)
{
	const struct dockerfile_instructions *all = at->of->instructions;
	size_t end = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct dockerfile_instruction *one = &all->items[i];

		fwrite(at->of->text + end, 1, one->begin - end, to);
		if (!dockerfile_translate_one(at, one, to, err))
			return false;
		end = one->end;
	}
	fputs(at->of->text + end, to);
	return true;
}

char *
dockerfile_translate(const struct dockerfile_translation *translation, struct error *err)
{
	struct translation at = { .of = translation };
	char *text = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);
	bool done = false;

	if (to == NULL)
		dockerfile_translate_no_memory(err);
	else
		done = dockerfile_variable_begin(&at.variables, translation->arguments, err) &&
		    dockerfile_translate_all(&at, to, err);
	if (to != NULL && fclose(to) != 0 && done)
		done = dockerfile_translate_no_memory(err);
	dockerfile_variable_end(&at.variables);
	while (at.count > 0)
		free(at.stages[--at.count]);
	if (done)
		return text;
	free(text);
	return NULL;
}

json_t *
dockerfile_translate_arguments(const struct dockerfile_translation *translation, bool platform)
{
	const struct dockerfile_instructions *all = translation->instructions;
	json_t *arguments =
	    translation->arguments != NULL ? json_copy(translation->arguments) : json_object();
	cleanup_variables struct dockerfile_variables variables = { 0 };
	struct error ignored;

	if (!platform || arguments == NULL ||
	    !dockerfile_variable_begin(&variables, NULL, &ignored))
		return arguments;
	for (size_t i = 0; i < all->count; i++) {
		const char *at = dockerfile_instruction_after(&all->items[i], "ARG", true);

		if (at != NULL &&
		    !dockerfile_variable_declare(&variables, at, all->escape, &ignored))
			break;
	}
	for (size_t i = 0; i < variables.count; i++) {
		const char *name = variables.items[i].name;
		json_t *value = json_object_get(variables.platform, name);

		if (value != NULL && json_object_get(arguments, name) == NULL)
			(void)json_object_set(arguments, name, value);
	}
	return arguments;
}
