/*
 * A Dockerfile and a .dockerignore. What is translated reads as the same instructions, has plain
 * names of images, and is translated into itself. Input: what it is, the text.
 */
#include "fuzz.h"

#include "daemon/spooler/dockerfile.h"
#include "daemon/spooler/dockerfile_builder.h"
#include "daemon/spooler/dockerfile_translate.h"
#include "daemon/spooler/dockerignore.h"

static bool
check_name(void *context, const char *name, char **other, struct error *err)
{
	(void)context;
	(void)other;
	(void)err;
	assert(strpbrk(name, "$\"'\\`") == NULL);
	return true;
}

static char *
translate(const struct dockerfile_instructions *all, const char *text)
{
	const struct dockerfile_translation translation = {
		.text = text, .instructions = all, .visit = check_name
	};
	struct error err;

	return dockerfile_translate(&translation, &err);
}

static void
check_dockerfile(const char *text)
{
	static const struct dockerfile_builder classic = { 0 };
	cleanup_instructions struct dockerfile_instructions all = { 0 }, again = { 0 };
	cleanup_free char *translated = NULL, *twice = NULL;
	struct error err;

	if (!dockerfile_instruction_read(&all, text, &err))
		return;
	(void)dockerfile_builder_check(&all, &classic, &err);
	translated = translate(&all, text);
	if (translated == NULL)
		return;
	(void)dockerfile_check(translated, NULL, NULL, &err);
	assert(dockerfile_instruction_read(&again, translated, &err));
	assert(again.count == all.count && again.escape == all.escape);
	for (size_t i = 0; i < all.count; i++)
		assert((again.items[i].heredoc == NULL) == (all.items[i].heredoc == NULL));
	twice = translate(&again, translated);
	assert(twice != NULL && strcmp(twice, translated) == 0);
}

static void
check_dockerignore(const char *text)
{
	cleanup_dockerignore struct dockerignore ignore = { 0 };
	struct error err;

	if (!dockerignore_parse(&ignore, text, &err))
		return;
	assert(!dockerignore_leaves_out(&ignore, "Dockerfile"));
	(void)dockerignore_leaves_out(&ignore, "a/b/c.txt");
	(void)dockerignore_leaves_out(&ignore, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	bool dockerfile = input_byte(&input) % 4u > 0;
	cleanup_free char *text = input_text(&input, input.size);

	if (dockerfile)
		check_dockerfile(text);
	else
		check_dockerignore(text);
	return 0;
}
