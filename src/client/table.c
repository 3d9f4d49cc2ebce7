/*
 * Prints tables: aligned on a terminal, tab-separated elsewhere.
 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cleanup.h"

#define GAP      2 /* spaces between two columns */
#define CELL_MIN 8 /* columns that a cell gets at least, if the window has them */

struct table_row {
	char *cells[TABLE_COLUMNS];
	size_t coloured;
	enum display_colour colour;
};

void
table_begin(struct table *table, const struct table_column *columns, size_t count)
{
	*table = (struct table){ .columns = columns,
		.count = count < TABLE_COLUMNS ? count : TABLE_COLUMNS,
		.aligned = display_is_terminal(stdout) };
}

/* Returns the cell as one clean line. The caller frees it. */
static char *
table_clean(const char *text)
{
	cleanup_free char *copy = strdup(text != NULL ? text : "");

	if (copy == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\n' || *c == '\t' || *c == '\r')
			*c = ' ';
	return display_clean(copy);
}

/*
 * Reads the character at text, which is valid UTF-8. *width gets the columns that it takes. Returns
 * its length.
 */
static size_t
table_next_character(const char *text, int *width)
{
	mbstate_t state = { 0 };
	wchar_t wide = 0;
	size_t length = mbrtowc(&wide, text, strlen(text), &state);

	if (length == 0 || length > 4) {
		*width = 1;
		return 1;
	}
	*width = wcwidth(wide);
	if (*width < 0)
		*width = 1;
	return length;
}

int
table_text_width(const char *text)
{
	int width, sum = 0;

	for (; *text != '\0'; sum += width)
		text += table_next_character(text, &width);
	return sum;
}

static void
table_print_plain(const struct table *table, const char *const *cells)
{
	for (size_t i = 0; i < table->count; i++) {
		cleanup_free char *cell = table_clean(cells[i]);

		printf("%s%s", i > 0 ? "\t" : "", cell != NULL ? cell : "");
	}
	putchar('\n');
}

void
table_add(struct table *table, const char *const *cells, size_t coloured,
    enum display_colour colour)
{
	struct table_row *row;

	if (!table->aligned) {
		table_print_plain(table, cells);
		return;
	}
	if (table->rows_count == table->rows_room) {
		size_t room = table->rows_room * 2 + 32;
		struct table_row *rows = realloc(table->rows, room * sizeof *rows);

		if (rows == NULL)
			abort();
		table->rows = rows;
		table->rows_room = room;
	}
	row = &table->rows[table->rows_count++];
	*row = (struct table_row){ .coloured = coloured, .colour = colour };
	for (size_t i = 0; i < table->count; i++)
		row->cells[i] = table_clean(cells[i]);
}

/* Prints the text in `width` columns, cut with "…" if it is longer. */
static void
table_print_cell(const char *text, int width, bool right, bool last)
{
	int whole = table_text_width(text), left = width - (whole > width), one;

	if (right && whole < width)
		printf("%*s", width - whole, "");
	for (int used = 0; *text != '\0'; used += one) {
		size_t length = table_next_character(text, &one);

		if (used + one > left && whole > width) {
			fputs("…", stdout);
			whole = used + 1;
			break;
		}
		(void)fwrite(text, 1, length, stdout);
		text += length;
	}
	if (!right && !last && whole < width)
		printf("%*s", width - whole, "");
}

/*
 * If the columns are wider than the window, makes the widest one of those that may be cut, or the
 * last one, narrower by one. Returns false if there is nothing to do.
 */
static bool
table_shrink(const struct table *table, int widths[static TABLE_COLUMNS], size_t last)
{
	int sum = widths[last];
	size_t widest = last;

	for (size_t i = 0; i < last; i++) {
		sum += widths[i] > 0 ? widths[i] + GAP : 0;
		if (table->columns[i].most > 0 && widths[i] > widths[widest])
			widest = i;
	}
	if (sum <= display_width() || widths[widest] <= CELL_MIN)
		return false;
	widths[widest]--;
	return true;
}

/* Computes the columns' widths; 0: the column is empty in all rows, and is left out. */
static void
table_measure(const struct table *table, int widths[static TABLE_COLUMNS])
{
	size_t last = 0;
	int width;

	for (size_t i = 0; i < table->count; i++) {
		int most = table->columns[i].most;

		widths[i] = 0;
		for (size_t j = 0; j < table->rows_count; j++) {
			const char *cell = table->rows[j].cells[i];

			width = cell != NULL ? table_text_width(cell) : 0;
			widths[i] = width > widths[i] ? width : widths[i];
		}
		if (widths[i] == 0)
			continue;
		width = (int)strlen(table->columns[i].heading);
		widths[i] = width > widths[i] ? width : widths[i];
		if (most > 0 && widths[i] > most)
			widths[i] = most;
		last = i;
	}
	widths[last] = widths[last] > display_width() ? display_width() : widths[last];
	while (table_shrink(table, widths, last))
		continue;
}

/* Prints a row, or the heading if row is NULL. */
static void
table_print_row(const struct table *table, const struct table_row *row,
    const int widths[static TABLE_COLUMNS])
{
	size_t last = 0;
	bool first = true;

	for (size_t i = 0; i < table->count; i++)
		last = widths[i] > 0 ? i : last;
	for (size_t i = 0; i <= last; i++) {
		const char *cell = row == NULL ? table->columns[i].heading : row->cells[i];
		enum display_colour colour = row == NULL ? DISPLAY_BOLD
		    : row->coloured == i                 ? row->colour
							 : DISPLAY_PLAIN;

		if (widths[i] == 0)
			continue;
		printf("%*s", first ? 0 : GAP, "");
		first = false;
		if (colour != DISPLAY_PLAIN)
			fputs(display_colour(stdout, colour), stdout);
		table_print_cell(cell != NULL ? cell : "", widths[i], table->columns[i].right,
		    i == last);
		if (colour != DISPLAY_PLAIN)
			fputs(display_colour(stdout, DISPLAY_PLAIN), stdout);
	}
	putchar('\n');
}

void
table_end(struct table *table)
{
	int widths[TABLE_COLUMNS];

	if (table->rows_count > 0) {
		table_measure(table, widths);
		table_print_row(table, NULL, widths);
	}
	for (size_t i = 0; i < table->rows_count; i++) {
		table_print_row(table, &table->rows[i], widths);
		for (size_t j = 0; j < table->count; j++)
			free(table->rows[i].cells[j]);
	}
	free(table->rows);
	table->rows = NULL;
	table->rows_count = table->rows_room = 0;
}
