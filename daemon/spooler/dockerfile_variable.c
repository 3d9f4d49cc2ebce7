/*
 * Keeps the ARGs in the order of the text. The last one of a name counts.
 */
#include "dockerfile_variable.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "dockerfile_word.h"
#include "take.h"

#define VARIABLES_MOST 1000

static bool
dockerfile_variable_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "read the Dockerfile: not enough memory");
}

/*
 * Returns the platform's variables. The engine is on this machine, so its processor is ours. The
 * names are those of Go and of the OCI image specification. The caller frees them.
 */
static json_t *
dockerfile_variable_platform(void)
{
	static const struct {
		const char *machine, *name, *variant;
	} machines[] = { { "x86_64", "amd64", "" }, { "aarch64", "arm64", "" },
		{ "armv7l", "arm", "v7" }, { "armv6l", "arm", "v6" }, { "i686", "386", "" } };
	const char *name, *variant = "";
	struct utsname system = { .machine = "" };
	char platform[2 * sizeof system.machine];

	(void)uname(&system);
	name = system.machine; /* ppc64le, s390x, riscv64 have the same name there */
	for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
		if (strcmp(system.machine, machines[i].machine) == 0) {
			name = machines[i].name;
			variant = machines[i].variant;
		}
	snprintf(platform, sizeof platform, "linux/%s%s%s", name, variant[0] != '\0' ? "/" : "",
	    variant);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "TARGETPLATFORM", platform,
	    "TARGETOS", "linux", "TARGETARCH", name, "TARGETVARIANT", variant, "BUILDPLATFORM",
	    platform, "BUILDOS", "linux", "BUILDARCH", name, "BUILDVARIANT", variant);
}

bool
dockerfile_variable_begin(struct dockerfile_variables *all, json_t *arguments, struct error *err)
{
	*all = (struct dockerfile_variables){ .arguments = arguments,
		.platform = dockerfile_variable_platform() };
	return all->platform != NULL || dockerfile_variable_no_memory(err);
}

static void
dockerfile_variable_drop(struct dockerfile_variables *all, size_t count)
{
	while (all->count > count) {
		struct dockerfile_variable *last = &all->items[--all->count];

		free(last->name);
		free(last->value);
	}
}

void
dockerfile_variable_end(struct dockerfile_variables *all)
{
	dockerfile_variable_drop(all, 0);
	free(all->items);
	json_decref(all->platform);
	*all = (struct dockerfile_variables){ 0 };
}

void
dockerfile_variable_next_stage(struct dockerfile_variables *all)
{
	if (!all->in_stage)
		all->global = all->count;
	all->in_stage = true;
	dockerfile_variable_drop(all, all->global);
}

static bool
dockerfile_variable_add(struct dockerfile_variables *all, char *name, char *value,
    struct error *err)
{
	if (all->count == VARIABLES_MOST)
		return error_set(err, ERROR_INPUT,
		    "the Dockerfile has more than %d names after ARG", VARIABLES_MOST);
	if (all->count == all->room) {
		size_t room = all->room == 0 ? 16 : all->room * 2;
		struct dockerfile_variable *items = realloc(all->items, room * sizeof *items);

		if (items == NULL)
			return dockerfile_variable_no_memory(err);
		all->items = items;
		all->room = room;
	}
	all->items[all->count++] = (struct dockerfile_variable){ name, value };
	return true;
}

static const char *
dockerfile_variable_value(void *context, const char *name)
{
	const struct dockerfile_variables *all = context;

	return all->in_stage ? dockerfile_variable_in_stage(all, name)
			     : dockerfile_variable_in_from(all, name);
}

bool
dockerfile_variable_declare(struct dockerfile_variables *all, const char *text, char escape,
    struct error *err)
{
	for (;;) {
		cleanup_free char *word = dockerfile_word_take(&text, escape), *name = NULL;
		cleanup_free char *value = NULL;
		struct error ignored = { .kind = ERROR_NONE };
		size_t length;

		if (word == NULL)
			return true;
		length = strcspn(word, "=");
		/* A value that is malformed or too long to be part of an image's name is none. */
		if (word[length] == '=')
			value = dockerfile_word_expand(word + length + 1, escape,
			    dockerfile_variable_value, all, &ignored);
		word[length] = '\0';
		name = strdup(word);
		if (name == NULL || ignored.kind == ERROR_SYSTEM)
			return dockerfile_variable_no_memory(err);
		if (!dockerfile_variable_add(all, name, value, err))
			return false;
		(void)take_pointer(&name);
		(void)take_pointer(&value);
	}
}

/*
 * Returns the variable of that name among the items from `begin` to before `end`; NULL: there is
 * none.
 */
static const struct dockerfile_variable *
dockerfile_variable_find(const struct dockerfile_variables *all, size_t begin, size_t end,
    const char *name)
{
	while (end-- > begin)
		if (strcmp(all->items[end].name, name) == 0)
			return &all->items[end];
	return NULL;
}

const char *
dockerfile_variable_in_from(const struct dockerfile_variables *all, const char *name)
{
	const struct dockerfile_variable *found =
	    dockerfile_variable_find(all, 0, all->in_stage ? all->global : all->count, name);
	const char *given = json_string_value(json_object_get(all->arguments, name));

	if (found != NULL && given != NULL)
		return given;
	if (found != NULL && found->value != NULL)
		return found->value;
	return json_string_value(json_object_get(all->platform, name)); /* needs no ARG */
}

const char *
dockerfile_variable_in_stage(const struct dockerfile_variables *all, const char *name)
{
	const struct dockerfile_variable *found =
	    dockerfile_variable_find(all, all->global, all->count, name);
	const char *given = json_string_value(json_object_get(all->arguments, name));

	if (found != NULL && given != NULL)
		return given;
	if (found != NULL && found->value != NULL)
		return found->value;
	return dockerfile_variable_in_from(all, name);
}
