#ifndef KABUTO_STATEMENT_H
#define KABUTO_STATEMENT_H
/*
 * A prepared statement: binding its values, and reading its rows and columns.
 *
 * A statement's text must be a literal, since the connection's cache finds it by its address. The
 * caller must end a statement as soon as it has read the rows: an open SELECT keeps the WAL
 * growing.
 */
#include <stddef.h>
#include <stdint.h>

#include "connection.h"

/* A value for a "?" of a statement. */
struct sql_value {
	enum { SQL_NULL, SQL_INTEGER, SQL_DECIMAL, SQL_TEXT, SQL_BLOB } type;
	union {
		int64_t integer;
		double decimal;
		const char *text; /* NULL: SQL's NULL */
		struct {
			const void *blob;
			size_t length;
		};
	};
};

struct sql_values {
	const struct sql_value *items;
	int count;
};

/*
 * The values of a statement, one for each "?" in their order: VALUES(I(job->id), T(job->name)).
 * Texts and blobs must stay valid until the statement's end. A value of the wrong type does not
 * compile; a wrong number of values fails an assertion.
 */
#define VALUES(...)                                                                                \
	((struct sql_values){ (const struct sql_value[]){ __VA_ARGS__ },                           \
	    sizeof((const struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value) })
#define NO_VALUES ((struct sql_values){ NULL, 0 })

/*
 * A number for a "?" that takes an integer. A double becomes a pointer, which does not compile.
 */
#define SQL_WHOLE(value) _Generic((value), float : (void *)0, double : (void *)0, default : (value))

#define I(value)                                                                                   \
	((struct sql_value){                                                                       \
	    .type = SQL_INTEGER, .integer = SQL_WHOLE(value) }) /* an integer or a bool */
#define N(value) statement_nullable(SQL_WHOLE(value))           /* an integer; 0 means NULL */
#define D(value) ((struct sql_value){ .type = SQL_DECIMAL, .decimal = (value) })
#define T(value) ((struct sql_value){ .type = SQL_TEXT, .text = (value) })
#define B(bytes, size)                                                                             \
	((struct sql_value){ .type = SQL_BLOB, .blob = (bytes), .length = (size_t)(size) })

static inline struct sql_value
statement_nullable(int64_t value)
{
	return (struct sql_value){ .type = value == 0 ? SQL_NULL : SQL_INTEGER, .integer = value };
}

struct statement {
	struct database *db;
	sqlite3_stmt *prepared; /* NULL: it has ended */
	bool cached;            /* the connection keeps it */
	bool no_memory;         /* statement_copy failed */
};

/* Prepares sql and binds the values. On true the caller must call statement_end. */
bool statement_begin(struct statement *st, struct database *db, struct error *err, const char *sql,
    struct sql_values values);
/* Reads the next row. Returns 1, 0 at the end, or -1 with err set (ERROR_BUSY: try again). */
int statement_row(struct statement *st, struct error *err);
/* Ends the statement. Does nothing if it has ended already. */
void statement_end(struct statement *st);
#define cleanup_statement __attribute__((cleanup(statement_end)))

/* Return the value of a column (0 is the first) of the row that was read; 0 for SQL's NULL. */
int64_t statement_integer(struct statement *st, int column);
double statement_decimal(struct statement *st, int column);
/* Returns the column's text, valid until the next row or the end; NULL for SQL's NULL. */
const char *statement_text(struct statement *st, int column);
/* Copies the column's text to `to`, at most size bytes with the NUL; SQL's NULL becomes "". */
void statement_take_text(struct statement *st, int column, char *to, size_t size);
/* Returns the column's bytes, valid as long as a text; *length gets their number. */
const void *statement_blob(struct statement *st, int column, size_t *length);
/*
 * Returns a copy of the column's text, which the caller frees; NULL for SQL's NULL. It is also NULL
 * if there is not enough memory: so the caller must call statement_copied after the last copy of a
 * row. That returns false, with err set, if a copy failed.
 */
char *statement_copy(struct statement *st, int column);
bool statement_copied(struct statement *st, struct error *err);

#endif
