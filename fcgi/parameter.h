#ifndef KABUTO_PARAMETER_H
#define KABUTO_PARAMETER_H
/*
 * Checks the parameters of a call. A route's table lists its parameters, and every value is checked
 * against the table before the handler runs. fieldname.h finds a parameter by its name.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "error.h"

#define TEXT_MOST   (1024 * 1024)     /* bytes of one text */
#define TEXTS_MOST  (4 * 1024 * 1024) /* bytes of all texts of a call */
#define VALUES_MOST 4096              /* values of a call */
#define NO_PAIRS    "{}"              /* the value of an empty list of pairs, which was given */

enum parameter_type {
	PARAMETER_TEXT,    /* of least to most bytes */
	PARAMETER_TEXTS,   /* such texts: may come repeatedly, or as a JSON array */
	PARAMETER_ID,      /* of a row */
	PARAMETER_NUMBER,  /* from least to most */
	PARAMETER_DECIMAL, /* from least / 1000 to most / 1000 */
	PARAMETER_BYTES,   /* a size like "512m", from least to most bytes */
	PARAMETER_BOOLEAN, /* true or false */
	PARAMETER_FLAG,    /* "?raw": true if it is present without a value */
	PARAMETER_CHOICE,  /* one of choices */
	PARAMETER_PAIRS,   /* texts KEY=VALUE, or a JSON object; may come repeatedly; NO_PAIRS */
	PARAMETER_PATH,    /* an absolute path, or empty */
	PARAMETER_COMMAND, /* a shell line, or a JSON array of strings */
	PARAMETER_FILES    /* multipart/form-data only */
};

struct parameter {
	const char *name; /* NULL ends a table */
	enum parameter_type type;
	bool required;
	bool file;           /* a text that may also come as a file part */
	int folder;          /* of PARAMETER_FILES: where they go (enum upload_folder, upload.h) */
	bool exact;          /* a password: a byte order mark and CRLF belong to it */
	int64_t least, most; /* most 0: no limit but TEXT_MOST */
	const char *choices; /* words separated by spaces; of a number: its unit, or NULL */
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
	struct digest *digest; /* each value is added to it; NULL: no digest */
};
void parameter_clear(struct values *values);

/*
 * Adds a value that came as text, without the byte order mark at its beginning, if there is one.
 * The text has length bytes and may contain NULs. ERROR_INPUT, with the parameter's name: the value
 * is malformed or given twice. ERROR_TOO_LARGE: over a limit.
 */
bool parameter_add(struct values *values, const struct parameter *parameter, const char *text,
    size_t length, struct error *err);

/* Adds a value that came in a JSON body; null counts as not given. */
bool parameter_add_json(struct values *values, const struct parameter *parameter, json_t *json,
    struct error *err);

/*
 * Add KEY=VALUE to a parameter of the type PARAMETER_PAIRS; a JSON null counts as not given.
 * ERROR_INPUT: the key is empty or contains "=", or the parameter has another type.
 */
bool parameter_add_pair(struct values *values, const struct parameter *parameter, const char *key,
    size_t key_length, const char *text, size_t length, struct error *err);
bool parameter_add_json_pair(struct values *values, const struct parameter *parameter,
    const char *key, size_t key_length, json_t *json, struct error *err);

/* Checks that all required parameters were given. ERROR_INPUT names one that is missing. */
bool parameter_check_complete(const struct values *values, const struct parameter *table,
    struct error *err);

/* Returns whether the table has a parameter for files. NULL is an empty table. */
bool parameter_takes_files(const struct parameter *table);

/* Returns the first value of name; NULL: not given. */
const struct value *parameter_value(const struct values *values, const char *name);

#endif
