/*
 * Functions that loop over the table of options.
 */
#include "joboption.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "quantity.h"

#define CONFIG(member) offsetof(struct config, job.member)

/* The offsets of a number's default and maximum in struct config; a text has none. */
#define SETTINGS_NUMBER(name)  CONFIG(name), CONFIG(name##_max)
#define SETTINGS_BYTES(name)   CONFIG(name), CONFIG(name##_max)
#define SETTINGS_DECIMAL(name) CONFIG(name), CONFIG(name##_max)
#define SETTINGS_COMMAND(name) 0, 0
#define SETTINGS_TEXT(name)    0, 0
#define SETTINGS_PATH(name)    0, 0
#define SETTINGS_PAIRS(name)   0, 0
#define SETTINGS_CHOICE(name)  0, 0

#define ROW(type, name, ...)                                                                       \
	{ #name, JOBOPTION_##type, offsetof(struct job, name), SETTINGS_##type(name) },

const struct joboption joboptions[JOBOPTION_COUNT] = { JOBOPTIONS(ROW) };

#define EACH(option)                                                                               \
	const struct joboption *option = joboptions;                                               \
	option < joboptions + JOBOPTION_COUNT;                                                     \
	option++

static bool
joboption_is_number(const struct joboption *option)
{
	return option->type == JOBOPTION_NUMBER || option->type == JOBOPTION_BYTES;
}

char **
joboption_text(const struct joboption *option, struct job *job)
{
	return (char **)(void *)((char *)job + option->offset);
}

int64_t *
joboption_number(const struct joboption *option, struct job *job)
{
	return (int64_t *)(void *)((char *)job + option->offset);
}

double *
joboption_decimal(const struct joboption *option, struct job *job)
{
	return (double *)(void *)((char *)job + option->offset);
}

void
joboption_unset(struct job *job)
{
	for (EACH(option))
		if (option->type == JOBOPTION_DECIMAL)
			*joboption_decimal(option, job) = JOBOPTION_UNSET;
		else if (joboption_is_number(option))
			*joboption_number(option, job) = JOBOPTION_UNSET;
}

void
joboption_clear(struct job *job)
{
	for (EACH(option))
		if (option->type != JOBOPTION_DECIMAL && !joboption_is_number(option))
			free(*joboption_text(option, job));
}

static bool
joboption_resolve_decimal(const struct joboption *option, struct job *job,
    const struct config *config, struct error *err)
{
	double *value = joboption_decimal(option, job);
	double most = *(const double *)(const void *)((const char *)config + option->ceiling);

	if (*value == JOBOPTION_UNSET)
		*value = *(const double *)(const void *)((const char *)config + option->fallback);
	return *value <= most ||
	    error_set(err, ERROR_IMPOSSIBLE, "%s: must be at most %.15g here", option->name, most);
}

static bool
joboption_resolve_number(const struct joboption *option, struct job *job,
    const struct config *config, struct error *err)
{
	int64_t *value = joboption_number(option, job);
	int64_t most = *(const int64_t *)(const void *)((const char *)config + option->ceiling);
	char text[QUANTITY_TEXT];

	if (*value == JOBOPTION_UNSET)
		*value = *(const int64_t *)(const void *)((const char *)config + option->fallback);
	if (*value <= most)
		return true;
	if (option->type == JOBOPTION_BYTES)
		return error_set(err, ERROR_IMPOSSIBLE, "%s: must be at most %s here (%lld bytes)",
		    option->name, quantity_format_bytes(most, text), (long long)most);
	return error_set(err, ERROR_IMPOSSIBLE, "%s: must be at most %lld here", option->name,
	    (long long)most);
}

/* Sets a choice that was not given. */
static bool
joboption_resolve_choice(char **choice, const char *fallback, struct error *err)
{
	if (*choice == NULL)
		*choice = strdup(fallback);
	return *choice != NULL ||
	    error_set(err, ERROR_SYSTEM, "set the options: not enough memory");
}

/* Checks the network: the configuration can forbid some of the choices. */
static bool
joboption_resolve_network(struct job *job, const struct config *config, struct error *err)
{
	if (!joboption_resolve_choice(&job->network, config->job.network, err))
		return false;
	return config_list_has(&config->job.networks, job->network) ||
	    error_set(err, ERROR_IMPOSSIBLE, "network: '%s' is not allowed here", job->network);
}

/*
 * Whether text is a whole number that no user or group can have. The engines take 0 to 2147483647;
 * other numbers are refused at the job's start.
 */
static bool
joboption_is_bad_id(const char *text, size_t length)
{
	size_t sign = length > 0 && (text[0] == '-' || text[0] == '+');

	if (length == sign || strspn(text + sign, "0123456789") < length - sign)
		return false;
	return (text[0] == '-' && strspn(text + 1, "0") < length - 1) ||
	    strtoll(text, NULL, 10) > INT32_MAX;
}

/* Checks the parts of "user[:group]". Whether the image has such a name is known at the start. */
static bool
joboption_check_user(const char *user, struct error *err)
{
	size_t length = user == NULL ? 0 : strcspn(user, ":");

	if (user == NULL)
		return true;
	for (const char *at = user; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return error_set(err, ERROR_INPUT,
			    "user: must be a name or a number, or user:group, without spaces");
	if (user[length] == ':' && strchr(user + length + 1, ':') != NULL)
		return error_set(err, ERROR_INPUT,
		    "user: must have one colon at most, as in user:group");
	if (joboption_is_bad_id(user, length) ||
	    (user[length] == ':' &&
		joboption_is_bad_id(user + length + 1, strlen(user + length + 1))))
		return error_set(err, ERROR_INPUT, "user: a number must be from 0 to %d",
		    INT32_MAX);
	return true;
}

/* Checks the parts of a working directory, which the engine makes if the image lacks it. */
static bool
joboption_check_workdir(const char *path, struct error *err)
{
	for (size_t length; path != NULL && *path != '\0'; path += length) {
		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length > NAME_MAX)
			return error_set(err, ERROR_INPUT,
			    "workdir: each part of the path must have at most %d bytes", NAME_MAX);
	}
	return true;
}

bool
joboption_resolve(struct job *job, const struct config *config, struct error *err)
{
	for (EACH(option)) {
		if (option->type == JOBOPTION_DECIMAL &&
		    !joboption_resolve_decimal(option, job, config, err))
			return false;
		if (joboption_is_number(option) &&
		    !joboption_resolve_number(option, job, config, err))
			return false;
	}
	return joboption_check_user(job->user, err) && joboption_check_workdir(job->workdir, err) &&
	    joboption_resolve_choice(&job->stderr, JOBOPTION_SEPARATE, err) &&
	    joboption_resolve_network(job, config, err);
}

void
joboption_take(struct statement *st, int column, struct job *job)
{
	for (EACH(option)) {
		if (option->type == JOBOPTION_DECIMAL)
			*joboption_decimal(option, job) = statement_decimal(st, column);
		else if (joboption_is_number(option))
			*joboption_number(option, job) = statement_integer(st, column);
		else
			*joboption_text(option, job) = statement_copy(st, column);
		column++;
	}
}

void
joboption_values(const struct job *job, struct sql_value values[static JOBOPTION_COUNT])
{
	for (EACH(option)) {
		const void *member = (const char *)job + option->offset;

		if (option->type == JOBOPTION_DECIMAL)
			*values++ = D(*(const double *)member);
		else if (joboption_is_number(option))
			*values++ = I(*(const int64_t *)member);
		else
			*values++ = T(*(char *const *)member);
	}
}
