#ifndef KABUTO_TABLE_H
#define KABUTO_TABLE_H
/*
 * Tables on stdout. On a terminal: a heading, aligned columns as wide as the window, colours; a
 * column without any text is left out. Elsewhere: no heading, a line for each row, tabs between all
 * columns, printed at once.
 */
#include <stdbool.h>
#include <stddef.h>

#include "display.h"

#define TABLE_COLUMNS 10

struct table_column {
	const char *heading;
	int most;   /* columns of the terminal that it takes at most; 0: no limit */
	bool right; /* numbers: aligned to the right */
};

struct table {
	const struct table_column *columns;
	size_t count; /* of columns */
	bool aligned; /* on a terminal */
	/* On a terminal, what table_end prints: */
	struct table_row *rows;
	size_t rows_count, rows_room;
};

/* columns must live until table_end. */
void table_begin(struct table *table, const struct table_column *columns, size_t count);

/*
 * Adds a row of table->count texts; NULL counts as "". Control characters become "?", but newlines
 * and tabs spaces. colour is that of the cell number coloured.
 */
void table_add(struct table *table, const char *const *cells, size_t coloured,
    enum display_colour colour);

/* Prints what is not printed yet and frees the rows. */
void table_end(struct table *table);

/* Returns how many columns of a terminal the UTF-8 text takes. */
int table_text_width(const char *text);

#endif
