/*
 * A stage needs images and earlier stages. So the stages are read from the last one to the first.
 */
#include "dockerfile_base.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "dockerfile_word.h"
#include "number.h"
#include "take.h"

#define SPACE     " \t\r\v\f"
#define NAME_MOST 512 /* bytes of an image's name */

struct stage {
	size_t from; /* index of its FROM among the instructions */
	char *name;  /* NULL: none */
	bool needed;
};

struct stages {
	const struct dockerfile_instructions *of;
	struct stage *items;
	size_t count;
	json_t *images;
};

static bool
dockerfile_base_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
}

/* Whether the word consists of the characters of names of images, and is no path. */
static bool
dockerfile_base_is_name(const char *word)
{
	size_t length = strlen(word);

	return length > 0 && length <= NAME_MOST && word[0] != '/' && word[0] != '.' &&
	    strstr(word, "..") == NULL && strstr(word, "//") == NULL &&
	    strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:@-") ==
	    length;
}

/*
 * Records that a stage needs the image or stage called word. before: number of stages that it may
 * mean. FROM does not understand a number.
 */
static bool
dockerfile_base_need(struct stages *stages, const char *word, size_t before, bool in_from)
{
	int64_t index;
	json_t *item;
	size_t i;

	for (i = before; i > 0; i--)
		if (stages->items[i - 1].name != NULL &&
		    strcasecmp(stages->items[i - 1].name, word) == 0) {
			stages->items[i - 1].needed = true;
			return true;
		}
	if (!in_from && number_parse_integer(word, &index)) {
		if (index >= 0 && (size_t)index < before)
			stages->items[index].needed = true;
		return true;
	}
	if (!dockerfile_base_is_name(word) || strcasecmp(word, "scratch") == 0)
		return true;
	json_array_foreach (stages->images, i, item)
		if (strcmp(json_string_value(item), word) == 0)
			return true;
	return json_array_append_new(stages->images, json_string(word)) == 0;
}

/* Records the images in the flags of COPY, ADD and RUN. */
static bool
dockerfile_base_read_flags(struct stages *stages, const char *at, size_t stage)
{
	while (at += strspn(at, SPACE), strncmp(at, "--", 2) == 0) {
		cleanup_free char *flag = dockerfile_word_take(&at, stages->of->escape);
		char *from;

		if (flag == NULL)
			return false;
		if (strncasecmp(flag, "--from=", 7) == 0)
			from = flag + 7;
		else if (strncasecmp(flag, "--mount=", 8) == 0 &&
		    ((from = strcasestr(flag, ",from=")) != NULL ||
			(from = strcasestr(flag, "=from=")) != NULL))
			from += 6;
		else
			continue;
		from[strcspn(from, ",")] = '\0';
		if (!dockerfile_base_need(stages, from, stage, false))
			return false;
	}
	return true;
}

/* Returns the first word after FROM's flags, and *at after it. The caller frees it. */
static char *
dockerfile_base_image_of(const char **at, char escape)
{
	char *word;

	while ((word = dockerfile_word_take(at, escape)) != NULL && strncmp(word, "--", 2) == 0)
		free(word);
	return word;
}

/* Lists the stages with their names. */
static bool
dockerfile_base_find_stages(struct stages *stages)
{
	stages->items = calloc(stages->of->count + 1, sizeof stages->items[0]);
	for (size_t i = 0; stages->items != NULL && i < stages->of->count; i++) {
		const char *at = dockerfile_instruction_after(&stages->of->items[i], "FROM", false);
		cleanup_free char *image = NULL, *as = NULL;
		struct stage *stage = &stages->items[stages->count];

		if (at == NULL)
			continue;
		image = dockerfile_base_image_of(&at, stages->of->escape);
		as = dockerfile_word_take(&at, stages->of->escape);
		stage->from = i;
		if (as != NULL && strcasecmp(as, "as") == 0)
			stage->name = dockerfile_word_take(&at, stages->of->escape);
		stages->count++;
	}
	return stages->items != NULL;
}

/* Records what the stage needs. */
static bool
dockerfile_base_read_stage(struct stages *stages, size_t stage)
{
	static const char *const names[] = { "COPY", "ADD", "RUN" };
	const struct dockerfile_instructions *all = stages->of;
	size_t end = stage + 1 < stages->count ? stages->items[stage + 1].from : all->count;
	const char *at =
	    dockerfile_instruction_after(&all->items[stages->items[stage].from], "FROM", false);
	cleanup_free char *image = dockerfile_base_image_of(&at, all->escape);

	if (image != NULL && !dockerfile_base_need(stages, image, stage, true))
		return false;
	for (size_t i = stages->items[stage].from + 1; i < end; i++)
		for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
			at = dockerfile_instruction_after(&all->items[i], names[k], false);
			if (at != NULL && !dockerfile_base_read_flags(stages, at, stage))
				return false;
		}
	return true;
}

json_t *
dockerfile_base_list(const struct dockerfile_instructions *all, struct error *err)
{
	cleanup_json json_t *images = json_array();
	struct stages stages = { .of = all, .images = images };
	bool done = images != NULL && dockerfile_base_find_stages(&stages);

	if (stages.count > 0)
		stages.items[stages.count - 1].needed = true;
	for (size_t i = stages.count; done && i > 0; i--)
		if (stages.items[i - 1].needed)
			done = dockerfile_base_read_stage(&stages, i - 1);
	for (size_t i = 0; i < stages.count; i++)
		free(stages.items[i].name);
	free(stages.items);
	if (done)
		return take_pointer(&images);
	dockerfile_base_no_memory(err);
	return NULL;
}
