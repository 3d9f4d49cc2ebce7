#ifndef KABUTO_JOBOPTION_H
#define KABUTO_JOBOPTION_H
/*
 * The options of a job. The parameters of the API, the columns of table job, the answer's members
 * and the checks against the configuration are all made from the table in joboptions.h.
 */
#include "config.h"
#include "database.h"
#include "error.h"
#include "jobrow.h"

#define JOBOPTION_UNSET                                                                            \
	(-1) /* a number that was not given: the configuration's default applies                   \
	      */

enum joboption_type {
	JOBOPTION_COMMAND, /* char *: a shell line, or a JSON array of strings */
	JOBOPTION_TEXT,    /* char * */
	JOBOPTION_PATH,    /* char *: absolute */
	JOBOPTION_PAIRS,   /* char *: a JSON array of "KEY=VALUE"; the parameter may come repeatedly
			    */
	JOBOPTION_CHOICE,  /* char *: one of the words */
	JOBOPTION_NUMBER,  /* int64_t */
	JOBOPTION_BYTES,   /* int64_t; "512m" */
	JOBOPTION_DECIMAL  /* double; least is in thousandths */
};

/* The columns, for a SELECT or an INSERT: "command, name, …, " with a comma at the end. */
#define JOBOPTION_COLUMN(type, name, ...) #name ", "
#define JOBOPTION_COLUMNS                 JOBOPTIONS(JOBOPTION_COLUMN)
/* As many "?, " as there are columns. */
#define JOBOPTION_MARK(type, name, ...) "?, "
#define JOBOPTION_MARKS                 JOBOPTIONS(JOBOPTION_MARK)
/* "command = ?, name = ?, …, " for an UPDATE. */
#define JOBOPTION_SET(type, name, ...) #name " = ?, "
#define JOBOPTION_SETS                 JOBOPTIONS(JOBOPTION_SET)

#define JOBOPTION_ONE(...) +1
enum { JOBOPTION_COUNT = 0 JOBOPTIONS(JOBOPTION_ONE) };

struct joboption {
	const char *name;
	enum joboption_type type;
	size_t offset;   /* in struct job */
	size_t fallback; /* of a number: its default, in struct config */
	size_t ceiling;  /* of a number: its maximum, in struct config */
};
extern const struct joboption joboptions[JOBOPTION_COUNT];

/*
 * Return a pointer to the option's member of the job. A text belongs to the job; NULL: not given.
 */
char **joboption_text(const struct joboption *option, struct job *job);
int64_t *joboption_number(const struct joboption *option, struct job *job);
double *joboption_decimal(const struct joboption *option, struct job *job);

/* Marks all numbers as not given. */
void joboption_unset(struct job *job);

/*
 * Sets the options that were not given to their defaults, and checks all against the configuration.
 * ERROR_IMPOSSIBLE: an option is above its maximum. ERROR_INPUT: it can never be right. The text
 * names the option.
 */
bool joboption_resolve(struct job *job, const struct config *config, struct error *err);

/* Frees the texts. */
void joboption_clear(struct job *job);

/* Reads the columns of JOBOPTION_COLUMNS, the first of which is column. */
void joboption_take(struct statement *st, int column, struct job *job);

/* Writes the values of JOBOPTION_COLUMNS to values. The texts still belong to the job. */
void joboption_values(const struct job *job, struct sql_value values[static JOBOPTION_COUNT]);

#endif
