#ifndef KABUTO_FIELDNAME_H
#define KABUTO_FIELDNAME_H
/*
 * Finds the parameter that a field's name means. Clients write the name of a list or of a map in
 * different ways: "env", "env[]", "env[0]", "env.0" and "env{}" mean the parameter env, and
 * "env[KEY]" and "env.KEY" mean the pair KEY=VALUE.
 */
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "parameter.h"

struct fieldname {
	const struct parameter *parameter; /* NULL: the table has no such parameter */
	const char *key;                   /* of "env[KEY]"; points into the name */
	size_t key_length;                 /* 0: the name has no key */
};

/*
 * Returns the parameter of table that name means. The name must stay valid as long as the result.
 * table may be NULL.
 */
struct fieldname fieldname_find(const struct parameter *table, const char *name);

/* Adds a value that came as text under this name, as parameter_add does. */
bool fieldname_add(struct values *values, const struct fieldname *name, const char *text,
    size_t length, struct error *err);

/* Adds a value that came in a JSON body, as parameter_add_json does. */
bool fieldname_add_json(struct values *values, const struct fieldname *name, json_t *json,
    struct error *err);

/*
 * Set the error for a value or a file under a name that the table does not have, and return false.
 * The text names the nearest parameter, or all parameters if none is near; for a file it names the
 * parameters that take files. table may be NULL.
 */
bool fieldname_unknown(const struct parameter *table, const char *name, struct error *err);
bool fieldname_unknown_file(const struct parameter *table, const char *name, struct error *err);

#endif
