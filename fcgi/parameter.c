/*
 * Checks values against their parameter's table entry.
 */
#include "parameter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "number.h"
#include "quantity.h"
#include "utf8.h"

#define WHOLE_MOST 0x1p53 /* a double holds each whole number below it exactly */
#define SPACE      " \t\r\n"

void
parameter_clear(struct values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free(values->items[i].text);
	free(values->items);
	*values = (struct values){ 0 };
}

const struct value *
parameter_value(const struct values *values, const char *name)
{
	for (size_t i = 0; i < values->count; i++)
		if (strcmp(values->items[i].parameter->name, name) == 0)
			return &values->items[i];
	return NULL;
}

static bool
parameter_bad(const struct parameter *p, struct error *err, const char *what)
{
	return error_set(err, ERROR_INPUT, "%s: %s", p->name, what);
}

static bool
parameter_needs_files(const struct parameter *p, struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "%s: must come as files: parts of multipart/form-data with a filename (curl: -F %s=@path)",
	    p->name, p->name);
}

static bool
parameter_range(const struct parameter *p, double value, double unit, struct error *err)
{
	double least = (double)p->least / unit, most = (double)p->most / unit;

	if (value >= least && (p->most == 0 || value <= most))
		return true;
	if (p->most == 0)
		return error_set(err, ERROR_INPUT, "%s: must be at least %.15g", p->name, least);
	return error_set(err, ERROR_INPUT, "%s: must be from %.15g to %.15g", p->name, least, most);
}

static bool
parameter_check_text(const struct value *value, struct error *err)
{
	const struct parameter *p = value->parameter;
	int64_t length = (int64_t)strlen(value->text);

	if (length < p->least)
		return parameter_bad(p, err, "must not be empty");
	if (p->most != 0 && length > p->most)
		return error_set(err, ERROR_INPUT, "%s: must have at most %lld bytes", p->name,
		    (long long)p->most);
	return true;
}

static bool
parameter_check_pair(const struct value *value, struct error *err)
{
	size_t key = strcspn(value->text, "=");

	if (strcmp(value->text, NO_PAIRS) == 0)
		return true;
	if (key == 0 || value->text[key] == '\0')
		return parameter_bad(value->parameter, err,
		    "must be KEY=VALUE, or in JSON an object of keys and values");
	return strcspn(value->text, SPACE) > key ||
	    error_set(err, ERROR_INPUT,
		"%s: the key '%.*s' contains a space or a line break: write KEY=VALUE, without export and without spaces before '='",
		value->parameter->name, key < 100 ? (int)key : 100, value->text);
}

static bool
parameter_check_path(const struct value *value, struct error *err)
{
	return value->text[0] == '/' || value->text[0] == '\0' ||
	    parameter_bad(value->parameter, err, "must be an absolute path, like /data");
}

/*
 * Reads a whole number, also as clients write one that they keep as a floating-point number: R
 * sends 100000 as "1e+05" in a form, and others send 60 as "60.0".
 */
static bool
parameter_read_whole(const char *text, int64_t *number)
{
	char *end;
	double value;

	if (number_parse_integer(text, number))
		return true;
	if (text[0] < '0' || text[0] > '9' || text[strspn(text, "0123456789.eE+")] != '\0')
		return false;
	value = strtod(text, &end);
	if (*end != '\0' || value >= WHOLE_MOST || value != (double)(int64_t)value)
		return false;
	*number = (int64_t)value;
	return true;
}

static bool
parameter_check_number(struct value *value, struct error *err)
{
	const char *unit = value->parameter->choices;

	if (!parameter_read_whole(value->text, &value->number))
		return error_set(err, ERROR_INPUT, "%s: must be a whole number%s%s%s",
		    value->parameter->name, unit != NULL ? " of " : "", unit != NULL ? unit : "",
		    unit != NULL ? ", without a unit" : "");
	return parameter_range(value->parameter, (double)value->number, 1, err);
}

/* Any whole number from 0 on is accepted; the handler finds out whether the id exists. */
static bool
parameter_check_id(struct value *value, struct error *err)
{
	if (!parameter_read_whole(value->text, &value->number) || value->number < 0)
		return parameter_bad(value->parameter, err, "must be an id: a whole number");
	return true;
}

static bool
parameter_check_decimal(struct value *value, struct error *err)
{
	if (!number_parse_decimal(value->text, &value->decimal))
		return parameter_bad(value->parameter, err, "must be a number like 1.5");
	return parameter_range(value->parameter, value->decimal, 1000, err);
}

static bool
parameter_check_bytes(struct value *value, struct error *err)
{
	const struct parameter *p = value->parameter;
	char least[QUANTITY_TEXT];

	if (!quantity_parse_bytes(value->text, &value->number) &&
	    (!parameter_read_whole(value->text, &value->number) || value->number < 0))
		return parameter_bad(p, err,
		    "must be a size: bytes, or 512k, 64m, 2g (also 64MB, 64Mi, 64MiB)");
	if (value->number >= p->least)
		return parameter_range(p, (double)value->number, 1, err);
	return error_set(err, ERROR_INPUT,
	    "%s: must be at least %s (%lld bytes); a number without a unit counts bytes: write 512m, 2g",
	    p->name, quantity_format_bytes(p->least, least), (long long)p->least);
}

static bool
parameter_check_boolean(struct value *value, struct error *err)
{
	if (strcasecmp(value->text, "true") == 0 || strcmp(value->text, "1") == 0)
		value->number = 1;
	else if (strcasecmp(value->text, "false") != 0 && strcmp(value->text, "0") != 0)
		return parameter_bad(value->parameter, err, "must be true or false");
	return true;
}

static bool
parameter_check_flag(struct value *value, struct error *err)
{
	if (value->text[0] != '\0')
		return parameter_check_boolean(value, err);
	value->number = 1;
	return true;
}

static bool
parameter_check_choice(struct value *value, struct error *err)
{
	char words[128], *rest = words, *word;

	snprintf(words, sizeof words, "%s", value->parameter->choices);
	while ((word = strsep(&rest, " ")) != NULL)
		if (strcmp(word, value->text) == 0)
			return true;
	return error_set(err, ERROR_INPUT, "%s: must be one of: %s", value->parameter->name,
	    value->parameter->choices);
}

static bool
parameter_strings_only(json_t *array)
{
	json_t *item;
	size_t i;

	json_array_foreach (array, i, item)
		if (!json_is_string(item))
			return false;
	return true;
}

/* A text that parses as a JSON array is an argument vector. "[ -f x ]" does not: a shell line. */
static bool
parameter_check_command(const struct value *value, struct error *err)
{
	cleanup_json json_t *json =
	    value->text[0] == '[' ? json_loads(value->text, JSON_ALLOW_NUL, NULL) : NULL;
	json_t *item;
	size_t i;

	if (value->text[0] == '@')
		return error_set(err, ERROR_INPUT,
		    "%s: this is the path of a file, not its text; with curl use --data-urlencode %s@path, or -F %s=@path",
		    value->parameter->name, value->parameter->name, value->parameter->name);
	if (json == NULL)
		return true;
	if (json_array_size(json) == 0 || !parameter_strings_only(json))
		return parameter_bad(value->parameter, err,
		    "a JSON array must contain only strings, and at least one");
	json_array_foreach (json, i, item)
		if (strlen(json_string_value(item)) != json_string_length(item))
			return parameter_bad(value->parameter, err, "must not contain NUL");
	return true;
}

static bool
parameter_check(struct value *value, struct error *err)
{
	switch (value->parameter->type) {
	case PARAMETER_TEXT:
	case PARAMETER_TEXTS:
		return parameter_check_text(value, err);
	case PARAMETER_PAIRS:
		return parameter_check_text(value, err) && parameter_check_pair(value, err);
	case PARAMETER_PATH:
		return parameter_check_text(value, err) && parameter_check_path(value, err);
	case PARAMETER_COMMAND:
		return parameter_check_text(value, err) && parameter_check_command(value, err);
	case PARAMETER_ID:
		return parameter_check_id(value, err);
	case PARAMETER_NUMBER:
		return parameter_check_number(value, err);
	case PARAMETER_DECIMAL:
		return parameter_check_decimal(value, err);
	case PARAMETER_BYTES:
		return parameter_check_bytes(value, err);
	case PARAMETER_BOOLEAN:
		return parameter_check_boolean(value, err);
	case PARAMETER_FLAG:
		return parameter_check_flag(value, err);
	case PARAMETER_CHOICE:
		return parameter_check_choice(value, err);
	case PARAMETER_FILES:
		return parameter_needs_files(value->parameter, err);
	}
	return false;
}

/* Whether the parameter may have several values. */
static bool
parameter_repeats(const struct parameter *p)
{
	return p->type == PARAMETER_PAIRS || p->type == PARAMETER_TEXTS;
}

/* Adds one text. */
static bool
parameter_add_one(struct values *values, const struct parameter *p, const char *text, size_t length,
    struct error *err)
{
	struct value *items, value = { .parameter = p };

	if (length > TEXT_MOST || values->bytes + length > TEXTS_MOST ||
	    values->count >= VALUES_MOST)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: a text may have %d bytes at most, and all texts of a call %d bytes in %d values",
		    p->name, TEXT_MOST, TEXTS_MOST, VALUES_MOST);
	if (!parameter_repeats(p) && parameter_value(values, p->name) != NULL)
		return parameter_bad(p, err, "must be given only once");
	if (memchr(text, '\0', length) != NULL || !utf8_valid(text, length))
		return parameter_bad(p, err, "must be valid UTF-8 without NUL");
	value.text = strndup(text, length);
	items = realloc(values->items, (values->count + 1) * sizeof items[0]);
	if (items != NULL)
		values->items = items;
	if (value.text == NULL || items == NULL) {
		free(value.text);
		return error_set(err, ERROR_SYSTEM, "read the parameters: not enough memory");
	}
	if (!parameter_check(&value, err)) {
		free(value.text);
		return false;
	}
	values->items[values->count++] = value;
	values->bytes += length;
	if (values->digest != NULL)
		digest_add(values->digest, p->name, text, length);
	return true;
}

/* Returns the JSON array or object that text contains. NULL: it is another text. */
static json_t *
parameter_read_list(const char *text, size_t length)
{
	return length > 0 && (text[0] == '{' || text[0] == '[')
	    ? json_loadb(text, length, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL)
	    : NULL;
}

/* Whether white space around a value means nothing. A file sent with wget ends with a line break.
 */
static bool
parameter_is_word(const struct parameter *p)
{
	static const bool words[] = {
		[PARAMETER_ID] = true,
		[PARAMETER_NUMBER] = true,
		[PARAMETER_DECIMAL] = true,
		[PARAMETER_BYTES] = true,
		[PARAMETER_BOOLEAN] = true,
		[PARAMETER_CHOICE] = true,
	};

	return (size_t)p->type < sizeof words && words[p->type];
}

bool
parameter_add(struct values *values, const struct parameter *p, const char *text, size_t length,
    struct error *err)
{
	size_t mark = p->exact ? 0 : utf8_mark(text, length);
	cleanup_json json_t *list = NULL;

	text += mark;
	length -= mark;
	if (parameter_is_word(p)) {
		while (length > 0 && strchr(SPACE, text[0]) != NULL && text[0] != '\0') {
			text++;
			length--;
		}
		while (length > 0 && text[length - 1] != '\0' &&
		    strchr(SPACE, text[length - 1]) != NULL)
			length--;
	}
	if (p->type == PARAMETER_PAIRS)
		list = parameter_read_list(text, length);
	return list != NULL ? parameter_add_json(values, p, list, err)
			    : parameter_add_one(values, p, text, length, err);
}

bool
parameter_add_pair(struct values *values, const struct parameter *p, const char *key,
    size_t key_length, const char *text, size_t length, struct error *err)
{
	cleanup_free char *pair = malloc(key_length + length + 2);

	if (pair == NULL)
		return error_set(err, ERROR_SYSTEM, "read the parameters: not enough memory");
	if (p->type != PARAMETER_PAIRS)
		return parameter_bad(p, err, "must not be an object");
	if (key_length == 0 || memchr(key, '=', key_length) != NULL)
		return parameter_bad(p, err, "a key must not be empty or contain '='");
	memcpy(pair, key, key_length);
	pair[key_length] = '=';
	memcpy(pair + key_length + 1, text, length);
	return parameter_add_one(values, p, pair, key_length + 1 + length, err);
}

/*
 * Returns the text that a JSON value means, in the value or in buffer. NULL: a list, an object or
 * null.
 */
static const char *
parameter_json_text(json_t *json, char buffer[static 64], size_t *length)
{
	switch (json_typeof(json)) {
	case JSON_STRING:
		*length = json_string_length(json);
		return json_string_value(json);
	case JSON_INTEGER:
		snprintf(buffer, 64, "%lld", (long long)json_integer_value(json));
		break;
	case JSON_REAL:
		snprintf(buffer, 64, "%.15g", json_real_value(json));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(buffer, 64, "%s", json_is_true(json) ? "true" : "false");
		break;
	default:
		return NULL;
	}
	*length = strlen(buffer);
	return buffer;
}

bool
parameter_add_json_pair(struct values *values, const struct parameter *p, const char *key,
    size_t key_length, json_t *json, struct error *err)
{
	char buffer[64];
	size_t length;
	const char *text = parameter_json_text(json, buffer, &length);

	if (text == NULL && !json_is_null(json))
		return parameter_bad(p, err, "the value of a key must be a text or a number");
	return text == NULL || parameter_add_pair(values, p, key, key_length, text, length, err);
}

static bool
parameter_add_object(struct values *values, const struct parameter *p, json_t *object,
    struct error *err)
{
	const char *key;
	json_t *value;

	if (p->type == PARAMETER_FILES)
		return parameter_needs_files(p, err);
	if (p->type != PARAMETER_PAIRS)
		return parameter_bad(p, err, "must not be an object");
	if (json_object_size(object) == 0)
		return parameter_add_one(values, p, NO_PAIRS, strlen(NO_PAIRS), err);
	json_object_foreach (object, key, value)
		if (!parameter_add_json_pair(values, p, key, strlen(key), value, err))
			return false;
	return true;
}

/* Adds the values of a JSON array. Some clients send every value as a list with one item. */
static bool
parameter_add_array(struct values *values, const struct parameter *p, json_t *array,
    struct error *err)
{
	cleanup_free char *text = NULL;
	json_t *item;
	size_t i;

	if (p->type == PARAMETER_COMMAND && json_array_size(array) > 1 &&
	    parameter_strings_only(array)) {
		text = json_dumps(array, JSON_COMPACT);
		if (text == NULL)
			return error_set(err, ERROR_SYSTEM,
			    "read the parameters: not enough memory");
		return parameter_add(values, p, text, strlen(text), err);
	}
	if (p->type == PARAMETER_FILES)
		return json_array_size(array) == 0 || parameter_needs_files(p, err);
	if (!parameter_repeats(p) && json_array_size(array) != 1)
		return parameter_bad(p, err, "must be one value");
	if (p->type == PARAMETER_PAIRS && json_array_size(array) == 0)
		return parameter_add_one(values, p, NO_PAIRS, strlen(NO_PAIRS), err);
	json_array_foreach (array, i, item) {
		if (json_is_array(item))
			return parameter_bad(p, err, "must not contain lists");
		if (json_object_get(item, "name") != NULL && json_object_get(item, "value") != NULL)
			return parameter_bad(p, err,
			    "write {\"KEY\": \"VALUE\"}, not {\"name\": \"KEY\", \"value\": \"VALUE\"}");
		if (!parameter_add_json(values, p, item, err))
			return false;
	}
	return true;
}

bool
parameter_add_json(struct values *values, const struct parameter *p, json_t *json,
    struct error *err)
{
	char buffer[64];
	size_t length;
	const char *text = parameter_json_text(json, buffer, &length);

	if (text != NULL)
		return parameter_add(values, p, text, length, err);
	if (json_is_array(json))
		return parameter_add_array(values, p, json, err);
	return json_is_null(json) || parameter_add_object(values, p, json, err);
}

bool
parameter_check_complete(const struct values *values, const struct parameter *table,
    struct error *err)
{
	for (const struct parameter *p = table; p != NULL && p->name != NULL; p++)
		if (p->required && parameter_value(values, p->name) == NULL)
			return parameter_bad(p, err, "is missing");
	return true;
}

bool
parameter_takes_files(const struct parameter *table)
{
	for (const struct parameter *p = table; p != NULL && p->name != NULL; p++)
		if (p->type == PARAMETER_FILES)
			return true;
	return false;
}
