/*
 * The row of the last sweep.
 */
#include "sweep.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "utf8.h"

void
sweep_add_error(struct sweep *sweep, const char *text)
{
	cleanup_free char *repaired = NULL;
	size_t length;

	if (sweep->errors++ > 0)
		return;
	/* The text may contain the name of a file, which may be any bytes. */
	repaired = utf8_repair(text, strlen(text), &length);
	snprintf(sweep->error, sizeof sweep->error, "%s",
	    repaired != NULL ? repaired : "not enough memory for the error's text");
	sweep->error[utf8_cut(sweep->error, strlen(sweep->error))] = '\0';
}

bool
sweep_write(struct database *db, const struct sweep *sweep, struct error *err)
{
	return database_run(db, err,
	    "INSERT OR REPLACE INTO sweep (id, started_at, finished_at, files, file_bytes, containers,"
	    " images, image_bytes, errors, error) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    VALUES(I(sweep->started_at), I(sweep->finished_at), I(sweep->files),
		I(sweep->file_bytes), I(sweep->containers), I(sweep->images), I(sweep->image_bytes),
		I(sweep->errors), T(sweep->error[0] != '\0' ? sweep->error : NULL)));
}

static bool
sweep_take(struct statement *st, void *context, struct error *err)
{
	struct sweep *sweep = context;

	(void)err;
	sweep->started_at = statement_integer(st, 0);
	sweep->finished_at = statement_integer(st, 1);
	sweep->files = statement_integer(st, 2);
	sweep->file_bytes = statement_integer(st, 3);
	sweep->containers = statement_integer(st, 4);
	sweep->images = statement_integer(st, 5);
	sweep->image_bytes = statement_integer(st, 6);
	sweep->errors = statement_integer(st, 7);
	statement_take_text(st, 8, sweep->error, sizeof sweep->error);
	return true;
}

bool
sweep_read(struct database *db, struct sweep *sweep, struct error *err)
{
	*sweep = (struct sweep){ 0 };
	return database_first(db, err,
		   "SELECT started_at, finished_at, files, file_bytes, containers, images,"
		   " image_bytes, errors, error FROM sweep WHERE id = 1",
		   NO_VALUES, sweep_take, sweep) >= 0;
}
