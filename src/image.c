/*
 * Reading images; build.c makes them.
 */
#include "image.h"

#include <stdio.h>
#include <stdlib.h>

#include "build.h"

#define IMAGE_COLUMNS                                                                              \
	"SELECT image.id, image.name, build.dockerfile, image.created_at"                          \
	" FROM image JOIN build ON build.id = image.build"

static bool
visit_row(struct statement *st, image_visit *visit, void *context, struct error *err)
{
	const struct image image = {
		.id = statement_integer(st, 0),
		.name = statement_text(st, 1),
		.dockerfile = statement_text(st, 2),
		.created_at = statement_integer(st, 3),
	};

	return visit(&image, context, err);
}

bool
image_each(struct database *db, const struct account *viewer, int64_t after, int64_t limit,
    image_visit *visit, void *context, struct error *err)
{
	const char *own = IMAGE_COLUMNS
	    " WHERE image.account = ? AND image.build IS NOT NULL AND NOT deleted AND image.id > ?"
	    " ORDER BY image.id LIMIT ?";
	const char *all =
	    IMAGE_COLUMNS " WHERE ? AND NOT deleted AND image.id > ? ORDER BY image.id LIMIT ?";
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err, viewer->admin ? all : own, "iii", (long long)viewer->id,
		(long long)after, (long long)limit))
		return false;
	while ((row = statement_row(&st, err)) == 1)
		if (!visit_row(&st, visit, context, err))
			return false;
	return row == 0;
}

bool
image_show(struct database *db, const struct account *viewer, int64_t id, image_visit *visit,
    void *context, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		IMAGE_COLUMNS " WHERE image.id = ? AND (image.account = ? OR ?) AND NOT deleted",
		"iii", (long long)id, (long long)viewer->id, (long long)viewer->admin))
		return false;
	row = statement_row(&st, err);
	if (row == 0)
		return error_set(err, ERROR_NOT_FOUND, "Image not found");
	return row == 1 && visit_row(&st, visit, context, err);
}

bool
image_owner(struct database *db, const struct account *viewer, int64_t id, int64_t *account,
    struct error *err)
{
	int row = database_integer(db, account, err,
	    "SELECT account FROM image WHERE id = ? AND (account = ? OR ?)"
	    " AND build IS NOT NULL AND NOT deleted",
	    "iii", (long long)id, (long long)viewer->id, (long long)viewer->admin);

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Image not found"));
}

bool
image_delete(struct database *db, const struct account *viewer, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t account = 0, job = 0;

	if (!transaction_begin(&t, db, err) || !image_owner(db, viewer, id, &account, err) ||
	    database_integer(db, &job, err,
		"SELECT id FROM job WHERE image = ? AND state IN ('in_queue', 'running') LIMIT 1",
		"i", (long long)id) < 0)
		return false;
	if (job != 0)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot delete an image while job %lld needs it: cancel the job or wait for its end",
		    (long long)job);
	return build_cancel_all(db, id, err) &&
	    database_run(db, NULL, err, "UPDATE image SET deleted = 1 WHERE id = ?", "i",
		(long long)id) &&
	    transaction_commit(&t, err);
}

bool
image_lacks_secret(struct database *db, int64_t image, int64_t build, bool *serves, bool *lacks,
    struct error *err)
{
	int64_t empty = 0;
	int row = database_integer(db, &empty, err,
	    "SELECT tag_secret = '' FROM image JOIN build ON build.id = image.build"
	    " WHERE image.id = ? AND build.id = ?",
	    "ii", (long long)image, (long long)build);

	*serves = row == 1;
	*lacks = empty != 0;
	return row >= 0;
}

bool
image_set_secret(struct database *db, int64_t build, const char *secret, struct error *err)
{
	return database_run(db, NULL, err,
	    "UPDATE build SET tag_secret = ? WHERE id = ? AND tag_secret = ''", "ti", secret,
	    (long long)build);
}

#define UNUSED                                                                                     \
	" FROM image INDEXED BY image_deleted WHERE deleted = 1"                                   \
	" AND NOT EXISTS (SELECT 1 FROM job WHERE job.image = image.id)"                           \
	" AND NOT EXISTS (SELECT 1 FROM build WHERE build.image = image.id AND state = 'PENDING')"

bool
image_count_unused(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "/*scan*/ SELECT count(*)" UNUSED, "") == 1;
}

static bool
drop_rows(struct database *db, int64_t image, struct error *err)
{
	return database_run(db, NULL, err, "UPDATE image SET build = NULL WHERE id = ?", "i",
		   (long long)image) &&
	    database_run(db, NULL, err, "DELETE FROM build WHERE image = ?", "i",
		(long long)image) &&
	    database_run(db, NULL, err, "DELETE FROM image WHERE id = ?", "i", (long long)image);
}

bool
image_drop_unused(struct database *db, int64_t most, int64_t *dropped, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t count = 0;

	if (!transaction_begin(&t, db, err))
		return false;
	for (; count < most; count++) {
		int64_t image = 0;

		if (database_integer(db, &image, err, "/*scan*/ SELECT id" UNUSED " LIMIT 1", "") <
		    0)
			return false;
		if (image == 0)
			break;
		if (!drop_rows(db, image, err))
			return false;
	}
	if (!transaction_commit(&t, err))
		return false;
	*dropped = count;
	return true;
}

bool
image_run_read(struct database *db, int64_t image, struct image_run *run, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		"SELECT build.id, build.entrypoint, build.cmd, build.tag_secret FROM image JOIN build ON build.id = image.build"
		" WHERE image.id = ?",
		"i", (long long)image))
		return false;
	row = statement_row(&st, err);
	if (row == 0)
		return error_set(err, ERROR_NOT_FOUND, "Image not found");
	if (row < 0)
		return false;
	run->image = image;
	run->build = statement_integer(&st, 0);
	run->entrypoint = statement_copy(&st, 1);
	run->cmd = statement_copy(&st, 2);
	snprintf(run->tag_secret, sizeof run->tag_secret, "%s", statement_text(&st, 3));
	if (statement_copied(&st, err))
		return true;
	image_run_clear(run);
	return false;
}

void
image_run_clear(struct image_run *run)
{
	free(run->entrypoint);
	free(run->cmd);
	*run = (struct image_run){ 0 };
}

bool
image_build_needed(struct database *db, int64_t image, int64_t build, bool *needed,
    struct error *err)
{
	int64_t found = 0;

	if (database_integer(db, &found, err,
		"SELECT EXISTS (SELECT 1 FROM image WHERE id = ?1 AND build = ?2 AND NOT deleted)"
		" OR EXISTS (SELECT 1 FROM build WHERE id = ?2 AND image = ?1 AND state = 'PENDING')"
		" OR EXISTS (SELECT 1 FROM job WHERE image = ?1 AND state IN ('in_queue', 'running'))",
		"ii", (long long)image, (long long)build) < 0)
		return false;
	*needed = found != 0;
	return true;
}
