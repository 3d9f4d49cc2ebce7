/*
 * Reading images. build.c makes, deletes and prunes them.
 */
#include "image.h"

#include <stdlib.h>

#define IMAGE_ROW                                                                                  \
	"image.id, image.name, build.dockerfile, image.created_at, build.build_arg,"               \
	" (SELECT login FROM account WHERE account.id = image.account)"
#define IMAGE_BUILD " JOIN build ON build.id = image.build"

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
		.login = statement_text(st, 5),
	};

	return each->visit(&image, each->context, err);
}

#define SOURCE(index, key)                                                                         \
	PAGE_SOURCE(IMAGE_ROW, "image " index IMAGE_BUILD, "image.id", key,                        \
	    " AND NOT deleted AND " PAGE_PART("image.name"))

bool
image_each(struct database *db, const struct account *viewer, const char *name, struct page *page,
    image_visit *visit, void *context, struct error *err)
{
	static const struct page_source own = SOURCE("INDEXED BY image_account",
					    "image.account = ?1 AND image.build IS NOT NULL"),
					all = SOURCE("NOT INDEXED", "TRUE");
	struct image_each each = { visit, context };

	return page_each(db, viewer->admin ? &all : &own, page,
	    (struct sql_value[PAGE_VALUES]){ [0] = I(viewer->id), [4] = T(name) }, name != NULL,
	    image_visit_row, &each, err);
}

bool
image_show(struct database *db, const struct account *viewer, int64_t id, image_visit *visit,
    void *context, struct error *err)
{
	struct image_each each = { visit, context };
	int row = database_first(db, err,
	    "SELECT " IMAGE_ROW " FROM image" IMAGE_BUILD
	    " WHERE image.id = ? AND (image.account = ? OR ?) AND NOT deleted",
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
