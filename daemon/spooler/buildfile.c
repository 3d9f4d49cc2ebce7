/*
 * Prepares Dockerfiles: refuses what the builder does not know, puts in the values of variables,
 * and checks the result.
 */
#include "buildfile.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "dockerfile.h"
#include "dockerfile_base.h"
#include "dockerfile_builder.h"
#include "dockerfile_syntax.h"
#include "dockerfile_translate.h"

static bool
buildfile_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
}

/* Returns the object of a JSON array of "NAME=VALUE". The caller frees it. NULL: no memory. */
static json_t *
buildfile_read_arguments(const char *pairs)
{
	cleanup_json json_t *array = pairs != NULL ? json_loads(pairs, 0, NULL) : NULL;
	json_t *object = json_object(), *item;
	size_t i;

	json_array_foreach (array, i, item) {
		const char *pair = json_string_value(item);
		size_t length = strcspn(pair, "=");
		cleanup_free char *name = strndup(pair, length);

		if (name == NULL ||
		    json_object_set_new(object, name, json_string(pair + length + 1)) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

void
buildfile_clear(struct buildfile *file)
{
	free(file->text);
	json_decref(file->arguments);
	json_decref(file->images);
	ownimage_clear(&file->own);
	dockerignore_free(&file->ignore);
	*file = (struct buildfile){ 0 };
}

static bool
buildfile_translate(struct buildfile *file, const struct dockerfile_instructions *instructions,
    const char *text, const char *build_arg, enum builder builder, struct error *err)
{
	cleanup_json json_t *given = buildfile_read_arguments(build_arg);
	const struct dockerfile_translation translation = { .text = text,
		.instructions = instructions,
		.arguments = given,
		.visit = ownimage_visit,
		.context = &file->own,
		.rename_stages = builder != BUILDER_BUILDKIT };

	if (given == NULL)
		return buildfile_no_memory(err);
	file->text = dockerfile_translate(&translation, err);
	if (file->text == NULL)
		return false;
	file->arguments = dockerfile_translate_arguments(&translation, builder == BUILDER_CLASSIC);
	return file->arguments != NULL || buildfile_no_memory(err);
}

/* Checks the text for BuildKit, drops "# syntax=" from it, and lists its images. */
static bool
buildfile_check_buildkit(struct buildfile *file, struct error *err)
{
	cleanup_instructions struct dockerfile_instructions instructions = { 0 };
	char *text = NULL;

	if (!dockerfile_check_buildkit(file->text, err) ||
	    (text = dockerfile_syntax_drop(file->text, err)) == NULL)
		return false;
	free(file->text);
	file->text = text;
	if (!dockerfile_instruction_read(&instructions, text, err))
		return false;
	file->images = dockerfile_base_list(&instructions, err);
	return file->images != NULL;
}

static bool
buildfile_refuses(void *context, const char *name)
{
	return !ownimage_is_allowed(context, name);
}

bool
buildfile_prepare(struct buildfile *file, struct worker *worker, const struct build *build,
    int context, const char *text, struct error *err)
{
	enum builder kind = engine_builder_choose(&worker->engine, worker->config->build.builder);
	const struct dockerfile_builder builder = dockerfile_builder_of(&worker->engine, kind);
	cleanup_instructions struct dockerfile_instructions instructions = { 0 };

	*file = (struct buildfile){ 0 };
	if (!dockerfile_instruction_read(&instructions, text, err) ||
	    !dockerfile_builder_check(&instructions, &builder, err))
		return false;
	if (!ownimage_begin(&file->own, worker, build, err))
		return false;
	if (!buildfile_translate(file, &instructions, text, build->build_arg, kind, err) ||
	    !(kind == BUILDER_BUILDKIT
		    ? buildfile_check_buildkit(file, err)
		    : dockerfile_check(file->text, buildfile_refuses, &file->own, err)) ||
	    !dockerignore_read(&file->ignore, context, kind == BUILDER_BUILDKIT, err)) {
		cleanup_free char *masked = ownimage_mask(&file->own, err->text);

		snprintf(err->text, sizeof err->text, "%s", masked != NULL ? masked : "");
		buildfile_clear(file);
		return false;
	}
	if (strcmp(file->text, text) == 0) {
		free(file->text);
		file->text = NULL;
	}
	return true;
}
