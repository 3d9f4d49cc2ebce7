/*
 * Reading images. build.c makes, deletes and prunes them.
 */
#include "image.h"

#include <stdlib.h>

#define IMAGE_COLUMNS                                                                              \
	"SELECT image.id, image.name, build.dockerfile, image.created_at, build.build_arg"         \
	" FROM image JOIN build ON build.id = image.build"

struct image_each {
	image_visit *visit;
	void *context;
};

static bool
image_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct image_each *each = context;
	const struct image image = {
		.id = statement_integer(st, 0),
		.name = statement_text(st, 1),
		.dockerfile = statement_text(st, 2),
		.created_at = statement_integer(st, 3),
		.build_arg = statement_text(st, 4),
	};

	return each->visit(&image, each->context, err);
}

bool
image_each(struct database *db, const struct account *viewer, int64_t after, int64_t limit,
    image_visit *visit, void *context, struct error *err)
{
	struct image_each each = { visit, context };
	const char *own = IMAGE_COLUMNS
	    " WHERE image.account = ? AND image.build IS NOT NULL AND NOT deleted AND image.id > ?"
	    " ORDER BY image.id LIMIT ?";
	const char *all =
	    IMAGE_COLUMNS " WHERE ? AND NOT deleted AND image.id > ? ORDER BY image.id LIMIT ?";

	return database_each(db, err, viewer->admin ? all : own,
	    VALUES(I(viewer->id), I(after), I(limit)), image_visit_row, &each);
}

bool
image_show(struct database *db, const struct account *viewer, int64_t id, image_visit *visit,
    void *context, struct error *err)
{
	struct image_each each = { visit, context };
	int row = database_first(db, err,
	    IMAGE_COLUMNS " WHERE image.id = ? AND (image.account = ? OR ?) AND NOT deleted",
	    VALUES(I(id), I(viewer->id), I(viewer->admin)), image_visit_row, &each);

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Image not found"));
}

bool
image_owner(struct database *db, const struct account *viewer, int64_t id, int64_t *account,
    struct error *err)
{
	int row = database_integer(db, account, err,
	    "SELECT account FROM image WHERE id = ? AND (account = ? OR ?)"
	    " AND build IS NOT NULL AND NOT deleted",
	    VALUES(I(id), I(viewer->id), I(viewer->admin)));

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Image not found"));
}

static bool
image_take_run(struct statement *st, void *context, struct error *err)
{
	struct image_run *run = context;

	run->build = statement_integer(st, 0);
	run->entrypoint = statement_copy(st, 1);
	run->cmd = statement_copy(st, 2);
	statement_take_text(st, 3, run->tag_secret, sizeof run->tag_secret);
	if (statement_copied(st, err))
		return true;
	image_run_clear(run);
	return false;
}

bool
image_run_read(struct database *db, int64_t image, struct image_run *run, struct error *err)
{
	int row;

	*run = (struct image_run){ .image = image };
	row = database_first(db, err,
	    "SELECT build.id, build.entrypoint, build.cmd, build.tag_secret"
	    " FROM image JOIN build ON build.id = image.build WHERE image.id = ?",
	    VALUES(I(image)), image_take_run, run);
	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Image not found"));
}

void
image_run_clear(struct image_run *run)
{
	free(run->entrypoint);
	free(run->cmd);
	*run = (struct image_run){ 0 };
}
