/*
 * Explains what a builder does not know.
 */
#include "dockerfile_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "dockerfile_word.h"

#define SPACE     " \t\r\v\f"
#define FLAG_MOST 256 /* bytes of a flag that a message shows */

/* Podman 4.8, as 1000 * major + minor, is the first with here-documents (Buildah 1.33). */
#define HEREDOCS_LIBPOD 4008
#define HEREDOCS_MINOR  42 /* API 1.42 (Docker 23) is the first whose BuildKit has them */

#define ASK "or ask the operator for BuildKit"

static const struct {
	const char *instruction, *flag, *advice;
} flags[] = {
	{ "RUN", "--mount=type=cache", "leave it out, because a cache only saves time" },
	{ "RUN", "--mount=type=tmpfs",
	    "leave it out, and remove the files at the end of the same RUN" },
	{ "RUN", "--mount=type=secret",
	    "leave it out: Kabuto has no secrets of builds; a job can get one in its env" },
	{ "RUN", "--mount=type=ssh", "leave it out: Kabuto has no SSH keys of builds" },
	{ "RUN", "--mount", "COPY the files first, and leave the flag out" },
	{ "RUN", "--network", "leave it out: the operator chooses the network of builds" },
	{ "RUN", "--security", "leave it out" },
	{ "RUN", "--device", "leave it out" },
	{ "COPY", "--link", "leave it out: the files are the same without it" },
	{ "COPY", "--parents",
	    "write one COPY for each folder, with the folder in its destination" },
	{ "COPY", "--exclude",
	    "name the files in .dockerignore, or remove them with RUN rm after it" },
	{ "ADD", "--link", "leave it out: the files are the same without it" },
	{ "ADD", "--exclude",
	    "name the files in .dockerignore, or remove them with RUN rm after it" },
	{ "ADD", "--checksum",
	    "check the file with RUN echo '<sum>  <file>' | sha256sum -c after it" },
	{ "ADD", "--keep-git-dir", "fetch the repository with RUN git clone" },
	{ "ADD", "--unpack", "COPY the archive, and unpack it with RUN tar" },
};

/*
 * Whether the flag is the one of the table: "--link" is it for "--link" and "--link=true", and
 * "--mount=type=cache" for "--mount=target=/x,type=cache".
 */
static bool
dockerfile_builder_is_flag(const char *word, const char *flag)
{
	size_t name = strcspn(flag, "=");

	if (strncmp(word, flag, name) != 0 || (word[name] != '\0' && word[name] != '='))
		return false;
	return flag[name] == '\0' || strstr(word + name, flag + name + 1) != NULL;
}

struct dockerfile_builder
dockerfile_builder_of(const struct engine *engine, enum builder builder)
{
	switch (builder) {
	case BUILDER_BUILDKIT:
		return (struct dockerfile_builder){ .flags = true,
			.heredocs = engine_api_minor(engine) >= HEREDOCS_MINOR,
			.syntax = true };
	case BUILDER_PODMAN:
		return (struct dockerfile_builder){ .flags = true,
			.heredocs = engine->libpod >= HEREDOCS_LIBPOD };
	default:
		return (struct dockerfile_builder){ 0 };
	}
}

static bool
dockerfile_builder_refuse_flag(const struct dockerfile_instruction *one, const char *name,
    const char *word, const char *advice, struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "line %d of the Dockerfile has %s %.*s, which this engine's builder does not know: %s, " ASK,
	    one->line, name, FLAG_MOST, word, advice);
}

/* Returns the last word of the arguments without quotes: the destination. The caller frees it. */
static char *
dockerfile_builder_last_word(const char *arguments)
{
	size_t length = strlen(arguments), begin;

	while (length > 0 && strchr(SPACE "]\"'", arguments[length - 1]) != NULL)
		length--;
	begin = length;
	while (begin > 0 && strchr(SPACE "[\"',", arguments[begin - 1]) == NULL)
		begin--;
	return strndup(arguments + begin, length - begin);
}

/* Refuses --chmod with the RUN that does the same. */
static bool
dockerfile_builder_refuse_chmod(const struct dockerfile_instruction *one, const char *name,
    const char *word, const char *arguments, struct error *err)
{
	cleanup_free char *destination = dockerfile_builder_last_word(arguments);
	char advice[2 * FLAG_MOST + 64];

	snprintf(advice, sizeof advice, "write RUN chmod -R %.*s %.*s after it", FLAG_MOST,
	    word + strlen("--chmod="), FLAG_MOST,
	    destination == NULL || destination[0] == '\0' ? "<file>" : destination);
	return dockerfile_builder_refuse_flag(one, name, word, advice, err);
}

static bool
dockerfile_builder_check_flag(const struct dockerfile_instruction *one, const char *name,
    const char *word, const char *arguments, struct error *err)
{
	if (strcmp(name, "RUN") != 0 && strncmp(word, "--chmod=", 8) == 0)
		return dockerfile_builder_refuse_chmod(one, name, word, arguments, err);
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (strcmp(name, flags[i].instruction) == 0 &&
		    dockerfile_builder_is_flag(word, flags[i].flag))
			return dockerfile_builder_refuse_flag(one, name, word, flags[i].advice,
			    err);
	return true; /* the engine refuses a flag that it does not know */
}

static bool
dockerfile_builder_check_flags(const struct dockerfile_instruction *one, const char *name,
    char escape, struct error *err)
{
	const char *at = dockerfile_instruction_after(one, name, true);

	while (at != NULL && (at += strspn(at, SPACE), strncmp(at, "--", 2) == 0)) {
		cleanup_free char *word = dockerfile_word_take(&at, escape);

		if (word == NULL)
			return error_set(err, ERROR_SYSTEM,
			    "read the Dockerfile: not enough memory");
		if (!dockerfile_builder_check_flag(one, name, word, at, err))
			return false;
	}
	return true;
}

static bool
dockerfile_builder_refuse_heredoc(const struct dockerfile_instruction *one, struct error *err)
{
	bool run = dockerfile_instruction_after(one, "RUN", true) != NULL;

	return error_set(err, ERROR_INPUT,
	    "line %d of the Dockerfile has a here-document (<<%.64s), which this engine's builder does not know: %s, " ASK,
	    one->line, one->heredoc,
	    run ? "join its commands with && \\ at the ends of their lines, or put them into a file of the context, COPY it and RUN it"
		: "put its text into a file of the context, and COPY that");
}

/* Whether the syntax is the usual language of Dockerfiles, "docker/dockerfile:1.7". */
static bool
dockerfile_builder_is_usual(const char *syntax)
{
	static const char *const names[] = { "docker/dockerfile", "docker/dockerfile-upstream" };

	if (strncmp(syntax, "docker.io/", 10) == 0)
		syntax += 10;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(syntax, names[i], length) == 0 &&
		    (syntax[length] == '\0' || strchr(":@", syntax[length]) != NULL))
			return true;
	}
	return syntax[0] == '\0';
}

bool
dockerfile_builder_check(const struct dockerfile_instructions *all,
    const struct dockerfile_builder *builder, struct error *err)
{
	static const char *const names[] = { "RUN", "COPY", "ADD" };

	if (!builder->syntax && !dockerfile_builder_is_usual(all->syntax))
		return error_set(err, ERROR_INPUT,
		    "the Dockerfile has '# syntax=%s', another language, which this engine's builder would ignore: remove the line, and write what docker/dockerfile knows",
		    all->syntax);
	for (size_t i = 0; i < all->count; i++) {
		const struct dockerfile_instruction *one = &all->items[i];

		if (one->heredoc != NULL && !builder->heredocs)
			return dockerfile_builder_refuse_heredoc(one, err);
		for (size_t k = 0; !builder->flags && k < sizeof names / sizeof names[0]; k++)
			if (!dockerfile_builder_check_flags(one, names[k], all->escape, err))
				return false;
	}
	return true;
}
