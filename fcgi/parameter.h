#ifndef KABUTO_PARAMETER_H
#define KABUTO_PARAMETER_H
/*
 * Parameters of a call: a route's table says which there are, and what comes is held against it
 * before the handler runs. Names that no table has are ignored.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "idempotency.h"

#define TEXT_MOST   (1024 * 1024)     /* bytes of one text */
#define TEXTS_MOST  (4 * 1024 * 1024) /* bytes of all texts of a call */
#define VALUES_MOST 4096              /* values of a call */

enum parameter_type {
	PARAMETER_TEXT,    /* of least to most bytes */
	PARAMETER_ID,      /* of a row */
	PARAMETER_NUMBER,  /* from least to most */
	PARAMETER_DECIMAL, /* from least / 1000 to most / 1000 */
	PARAMETER_BYTES,   /* "512m", at least least */
	PARAMETER_BOOLEAN, /* true or false */
	PARAMETER_FLAG,    /* "?raw": there or not */
	PARAMETER_CHOICE,  /* one of choices */
	PARAMETER_PAIRS,   /* texts KEY=VALUE: the one that may come repeatedly */
	PARAMETER_PATH,    /* an absolute path, or empty */
	PARAMETER_COMMAND, /* a shell line, or a JSON array of strings */
	PARAMETER_FILES    /* multipart/form-data only */
};

struct parameter {
	const char *name; /* NULL ends a table */
	enum parameter_type type;
	bool required;
	bool file;           /* a text that may come as a file part too */
	int64_t least, most; /* most 0: none but TEXT_MOST */
	const char *choices; /* words separated by spaces */
};

struct value {
	const struct parameter *parameter;
	char *text;
	int64_t number;
	double decimal;
};

struct values {
	struct value *items;
	size_t count;
	size_t bytes;          /* of all texts */
	struct digest *digest; /* gets each value too; NULL: nobody asks */
};
void parameter_clear(struct values *values);

/* The entry of name; NULL: the table (which may be NULL) has none. */
const struct parameter *parameter_find(const struct parameter *table, const char *name);

/*
 * Adds a value that came as text (which may hold NULs, length bytes). ERROR_INPUT names the
 * parameter where its form is wrong or it came twice.
 */
bool parameter_add(struct values *values, const struct parameter *parameter, const char *text,
    size_t length, struct error *err);

/* Adds a value that came in a JSON body; null counts as not given. */
bool parameter_add_json(struct values *values, const struct parameter *parameter, json_t *json,
    struct error *err);

/* Whether all that is required came. */
bool parameter_check_complete(const struct values *values, const struct parameter *table,
    struct error *err);

/* The first value of name; NULL: none came. */
const struct value *parameter_value(const struct values *values, const char *name);

#endif
