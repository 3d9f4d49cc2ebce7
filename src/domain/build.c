/*
 * The rows of builds, and their folders. A build's folder is in its place before its row is
 * committed.
 */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crash.h"
#include "image.h"
#include "jobstate.h"
#include "jobwait.h"
#include "number.h"
#include "staging.h"
#include "tree.h"
#include "transaction.h"

/* Removes a URL that may contain a password: no one needs it after the end of the build. */
#define FORGET "repo_url = iif(instr(repo_url, '@') > 0, NULL, repo_url)"

#define RETRY_S 60 /* an estimate of when a build ends */

#define BUILD_ROW                                                                                             \
	"id, image, state, dockerfile, repo_url, error, nocache, tag_secret, build_arg, account, created_at," \
	" coalesce(name, (SELECT image.name FROM image WHERE image.id = build.image)),"                       \
	" started_at, finished_at, (SELECT login FROM account WHERE account.id = build.account)"
#define BUILD_COLUMNS "SELECT " BUILD_ROW " FROM build"

void
build_clear(struct build *build)
{
	free(build->dockerfile);
	free(build->repo_url);
	free(build->error);
	free(build->name);
	free(build->build_arg);
	*build = (struct build){ 0 };
}

static bool
build_take(struct statement *st, void *context, struct error *err)
{
	struct build *build = context;

	build->id = statement_integer(st, 0);
	build->image = statement_integer(st, 1);
	statement_take_text(st, 2, build->state, sizeof build->state);
	build->dockerfile = statement_copy(st, 3);
	build->repo_url = statement_copy(st, 4);
	build->error = statement_copy(st, 5);
	build->nocache = statement_integer(st, 6) != 0;
	statement_take_text(st, 7, build->tag_secret, sizeof build->tag_secret);
	build->build_arg = statement_copy(st, 8);
	build->account = statement_integer(st, 9);
	build->created_at = statement_integer(st, 10);
	build->name = statement_copy(st, 11);
	build->started_at = statement_integer(st, 12);
	build->finished_at = statement_integer(st, 13);
	statement_take_text(st, 14, build->login, sizeof build->login);
	if (statement_copied(st, err))
		return true;
	build_clear(build);
	return false;
}

/* *image gets the id of the image to build; a new image is inserted. *account gets its owner. */
static bool
build_find_image(struct database *db, const struct build_request *request, int64_t *image,
    int64_t *account, struct error *err)
{
	*image = request->image;
	*account = request->viewer->id;
	if (*image != 0)
		return image_owner(db, request->viewer, *image, account, err);
	if (!database_run(db, err, "INSERT INTO image (account, name, created_at) VALUES (?, ?, ?)",
		VALUES(I(*account), T(request->name), I(clock_now_ms()))))
		return false;
	*image = database_inserted(db);
	return true;
}

static bool
build_check_count(struct database *db, int64_t account, int64_t builds_max, struct error *err)
{
	int64_t pending = 0;

	if (database_integer(db, &builds_max, err,
		"SELECT coalesce(builds_max, ?) FROM account WHERE id = ?",
		VALUES(I(builds_max), I(account))) < 0 ||
	    database_integer(db, &pending, err,
		"SELECT count(*) FROM build WHERE account = ? AND state = 'PENDING'",
		VALUES(I(account))) < 0)
		return false;
	if (pending < builds_max)
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have at most %lld builds that wait or run; wait until one has ended",
	    (long long)builds_max);
	err->retry_after_s = RETRY_S;
	return false;
}

bool
build_add(struct database *db, const struct build_request *request, int64_t *id, int64_t *image,
    struct error *err)
{
	int64_t account;
	char secret[NAME_TEXT];

	secret_make_name(secret);
	if (!build_find_image(db, request, image, &account, err) ||
	    !build_check_count(db, account, request->builds_max, err) ||
	    !database_run(db, err,
		"INSERT INTO build (image, account, state, name, dockerfile, repo_url, nocache, tag_secret,"
		" build_arg, created_at, content_hash)"
		" VALUES (?, ?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, ?)",
		VALUES(I(*image), I(account), T(request->image != 0 ? request->name : NULL),
		    T(request->dockerfile), T(request->repo_url), I(request->nocache), T(secret),
		    T(request->build_arg), I(clock_now_ms()),
		    request->content_hash != NULL ? B(request->content_hash, DIGEST_BYTES)
						  : T(NULL))))
		return false;
	*id = database_inserted(db);
	return true;
}

/*
 * If a call died before its commit, its folder stays and its id is used again: the old folder is
 * removed.
 */
bool
build_publish(struct spool *spool, const struct staging *staging, int64_t id, struct error *err)
{
	char name[24];

	snprintf(name, sizeof name, "%lld", (long long)id);
	if (!spool_publish(staging->fd, "build", spool->builds, name, err) &&
	    ((errno != ENOTEMPTY && errno != EEXIST) || !tree_remove(spool->builds, name, err) ||
		!spool_publish(staging->fd, "build", spool->builds, name, err)))
		return false;
	crash_point("context", "publish");
	return true;
}

bool
build_flush(const struct staging *staging, struct error *err)
{
	return tree_sync(staging->fd, "build", err);
}

bool
build_create(struct database *db, struct spool *spool, const struct build_request *request,
    int64_t *id, int64_t *image, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return build_flush(request->staging, err) && transaction_begin(&t, db, err) &&
	    build_add(db, request, id, image, err) &&
	    build_publish(spool, request->staging, *id, err) && transaction_commit(&t, err);
}

/* The results of build_find_content. */
struct build_same {
	int64_t image, build;
};

static bool
build_take_same(struct statement *st, void *context, struct error *err)
{
	struct build_same *same = context;

	(void)err;
	same->image = statement_integer(st, 0);
	same->build = statement_integer(st, 1);
	return true;
}

/*
 * A build that is in use or pending does not serve if a later one of its image, with another
 * content, may take its place before the job runs.
 */
#define NO_OTHER_COMES                                                                             \
	" AND NOT EXISTS (SELECT 1 FROM build AS later WHERE later.image = build.image"            \
	"  AND later.id > build.id AND later.state IN ('PENDING', 'SUCCESS')"                      \
	"  AND later.content_hash IS NOT build.content_hash) ORDER BY build.id DESC LIMIT 1"

bool
build_find_content(struct database *db, int64_t account,
    const unsigned char content_hash[static DIGEST_BYTES], int64_t *image, int64_t *build,
    struct error *err)
{
	struct build_same same = { 0 };
	int row = database_first(db, err,
	    "SELECT image.id, 0 FROM build JOIN image ON image.build = build.id"
	    " WHERE build.account = ? AND content_hash = ? AND NOT deleted" NO_OTHER_COMES,
	    VALUES(I(account), B(content_hash, DIGEST_BYTES)), build_take_same, &same);

	if (row == 0)
		row = database_first(db, err,
		    "SELECT image.id, build.id FROM build JOIN image ON image.id = build.image"
		    " WHERE build.account = ? AND content_hash = ? AND state = 'PENDING'"
		    " AND NOT cancel_requested AND NOT nocache AND NOT deleted" NO_OTHER_COMES,
		    VALUES(I(account), B(content_hash, DIGEST_BYTES)), build_take_same, &same);
	*image = same.image;
	*build = same.build;
	return row >= 0;
}

bool
build_forget_content(struct database *db, int64_t id, struct error *err)
{
	return database_run(db, err, "UPDATE build SET content_hash = NULL WHERE id = ?",
	    VALUES(I(id)));
}

bool
build_find(struct database *db, const struct account *viewer, int64_t id, int64_t image,
    struct build *build, struct error *err)
{
	int row = database_first(db, err,
	    BUILD_COLUMNS " WHERE id = ? AND (account = ? OR ?) AND (image = ? OR ? = 0)",
	    VALUES(I(id), I(viewer->id), I(viewer->admin), I(image), I(image)), build_take, build);

	return row == 1 || (row == 0 && error_set(err, ERROR_NOT_FOUND, "Build not found"));
}

#define SOURCE(index, key)                                                                         \
	PAGE_SOURCE(BUILD_ROW, "build " index, "id", key,                                          \
	    " AND (?1 IS NULL OR account = ?1) AND (?3 IS NULL OR image = ?3)"                     \
	    " AND (?4 IS NULL OR state = ?4)")

struct build_each {
	build_visit *visit;
	void *context;
};

static bool
build_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct build_each *each = context;
	struct build build;
	bool more = build_take(st, &build, err) && each->visit(&build, each->context, err);

	build_clear(&build);
	return more;
}

bool
build_each(struct database *db, const struct account *viewer, const struct build_filter *filter,
    struct page *page, build_visit *visit, void *context, struct error *err)
{
	static const struct page_source by_image = SOURCE("INDEXED BY build_image", "image = ?3"),
					own = SOURCE("INDEXED BY build_owner", "account = ?1"),
					all = SOURCE("NOT INDEXED", "TRUE");
	struct build_each each = { visit, context };
	int64_t account = viewer->admin ? 0 : viewer->id;
	bool may_narrow;

	return page_owns(db, "SELECT 1 FROM image WHERE id = ? AND account = ?", filter->image,
		   account, &may_narrow, err) &&
	    page_each(db,
		may_narrow         ? &by_image
		    : account != 0 ? &own
				   : &all,
		page,
		(struct sql_value[PAGE_VALUES]){
		    [0] = N(account), [2] = N(filter->image), [3] = T(filter->state) },
		filter->image != 0 || filter->state != NULL, build_visit_row, &each, err);
}

/*
 * Ends the pending builds that `where` names; its "?2" is an id. A build that waits ends here, and
 * the sweep removes its context. The spooler must end a build that runs.
 */
#define CANCEL_WAITING(where)                                                                      \
	"UPDATE build SET state = 'FAILED', error = '" BUILD_CANCELLED "', finished_at = ?1"       \
	" WHERE " where " = ?2 AND state = 'PENDING' AND started_at IS NULL"
#define CANCEL_STARTED(where)                                                                      \
	"UPDATE build SET cancel_requested = 1 WHERE " where " = ? AND state = 'PENDING'"

bool
build_cancel(struct database *db, const struct account *viewer, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct build build = { 0 };
	int changes;

	if (!transaction_begin(&t, db, err) || !build_find(db, viewer, id, 0, &build, err))
		return false;
	build_clear(&build);
	if (!database_run(db, err, CANCEL_WAITING("id"), VALUES(I(clock_now_ms()), I(id))))
		return false;
	changes = database_changes(db);
	if ((changes > 0 && !jobwait_drop(db, id, err)) ||
	    !database_run(db, err, CANCEL_STARTED("id"), VALUES(I(id))))
		return false;
	if (changes + database_changes(db) == 0)
		return error_set(err, ERROR_CONFLICT, "Cannot cancel a build that has ended");
	return transaction_commit(&t, err);
}

bool
build_delete_image(struct database *db, const struct account *viewer, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t account = 0, job = 0;

	if (!transaction_begin(&t, db, err) || !image_owner(db, viewer, id, &account, err) ||
	    database_integer(db, &job, err,
		"SELECT id FROM job WHERE image = ?"
		" AND (state IN ('in_queue', 'running') OR build IS NOT NULL) LIMIT 1",
		VALUES(I(id))) < 0)
		return false;
	if (job != 0)
		return error_set(err, ERROR_CONFLICT,
		    "Cannot delete an image while job %lld needs it: cancel the job or wait for its end",
		    (long long)job);
	return database_run(db, err, CANCEL_WAITING("image"), VALUES(I(clock_now_ms()), I(id))) &&
	    database_run(db, err, CANCEL_STARTED("image"), VALUES(I(id))) &&
	    database_run(db, err, "UPDATE image SET deleted = 1 WHERE id = ?", VALUES(I(id))) &&
	    transaction_commit(&t, err);
}

#define UNUSED                                                                                     \
	" FROM image INDEXED BY image_deleted WHERE deleted = 1"                                   \
	" AND NOT EXISTS (SELECT 1 FROM job WHERE job.image = image.id)"                           \
	" AND NOT EXISTS (SELECT 1 FROM build WHERE build.image = image.id AND state = 'PENDING')"

bool
build_count_unused_images(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err, "/*scan*/ SELECT count(*)" UNUSED, NO_VALUES) == 1;
}

static bool
build_erase_image(struct database *db, int64_t image, struct error *err)
{
	return database_run(db, err, "UPDATE image SET build = NULL WHERE id = ?",
		   VALUES(I(image))) &&
	    database_run(db, err, "DELETE FROM build WHERE image = ?", VALUES(I(image))) &&
	    database_run(db, err, "DELETE FROM image WHERE id = ?", VALUES(I(image)));
}

bool
build_erase_unused_images(struct database *db, int64_t most, int64_t *erased, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t count = 0;

	if (!transaction_begin(&t, db, err))
		return false;
	for (; count < most; count++) {
		int64_t image = 0;

		if (database_integer(db, &image, err, "/*scan*/ SELECT id" UNUSED " LIMIT 1",
			NO_VALUES) < 0)
			return false;
		if (image == 0)
			break;
		if (!build_erase_image(db, image, err))
			return false;
	}
	if (!transaction_commit(&t, err))
		return false;
	*erased = count;
	return true;
}

bool
build_is_needed(struct database *db, int64_t image, int64_t build, bool *needed, struct error *err)
{
	int64_t found = 0;

	if (database_integer(db, &found, err,
		"SELECT EXISTS (SELECT 1 FROM image WHERE id = ?1 AND build = ?2 AND NOT deleted)"
		" OR EXISTS (SELECT 1 FROM build WHERE id = ?2 AND image = ?1 AND state = 'PENDING')"
		" OR EXISTS (SELECT 1 FROM job WHERE image = ?1 AND state IN ('in_queue', 'running'))"
		" OR EXISTS (SELECT 1 FROM build WHERE state = 'PENDING'"
		"  AND instr(bases, ',' || ?2 || ',') > 0)",
		VALUES(I(image), I(build))) < 0)
		return false;
	*needed = found != 0;
	return true;
}

bool
build_claim(struct database *db, struct build *build, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	if (transaction_begin(&t, db, err) &&
	    database_first(db, err,
		"UPDATE build SET started_at = ? WHERE id ="
		" (SELECT id FROM build WHERE state = 'PENDING' AND started_at IS NULL ORDER BY id LIMIT 1)"
		" RETURNING " BUILD_ROW,
		VALUES(I(clock_now_ms())), build_take, build) >= 0 &&
	    transaction_commit(&t, err))
		return true;
	build_clear(build);
	return false;
}

static bool
build_take_found_base(struct statement *st, void *context, struct error *err)
{
	struct build_base *base = context;

	(void)err;
	base->image = statement_integer(st, 0);
	base->build = statement_integer(st, 1);
	statement_take_text(st, 2, base->tag_secret, sizeof base->tag_secret);
	return true;
}

bool
build_take_base(struct database *db, const struct build *build, const char *name,
    struct build_base *base, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t id = 0;
	int row;

	(void)number_parse_integer(name, &id);
	if (!transaction_begin(&t, db, err))
		return false;
	row = database_first(db, err,
	    "SELECT image.id, build.id, build.tag_secret"
	    " FROM image JOIN build ON build.id = image.build"
	    " WHERE image.account = ?1 AND image.build IS NOT NULL AND NOT deleted"
	    " AND (image.id = ?2 OR (?2 = 0 AND image.name = ?3)) ORDER BY image.id DESC LIMIT 1",
	    VALUES(I(build->account), I(id), T(name)), build_take_found_base, base);
	if (row == 0)
		return error_set(err, ERROR_NOT_FOUND, "Image not found");
	return row == 1 &&
	    database_run(db, err,
		"UPDATE build SET bases = coalesce(bases, ',') || ?1 || ','"
		" WHERE id = ?2 AND instr(coalesce(bases, ''), ',' || ?1 || ',') = 0",
		VALUES(I(base->build), I(build->id))) &&
	    transaction_commit(&t, err);
}

bool
build_unclaim_all(struct database *db, struct error *err)
{
	return database_run(db, err, "UPDATE build SET started_at = NULL WHERE state = 'PENDING'",
	    NO_VALUES);
}

bool
build_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err)
{
	int64_t requested = 0;

	if (database_integer(db, &requested, err, "SELECT cancel_requested FROM build WHERE id = ?",
		VALUES(I(id))) < 0)
		return false;
	*cancelled = requested != 0;
	return true;
}

bool
build_succeed(struct database *db, int64_t id, const char *dockerfile, const char *entrypoint,
    const char *cmd, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	int64_t now = clock_now_ms();

	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, err,
		"UPDATE build SET state = 'SUCCESS', " FORGET
		", dockerfile = ?, entrypoint = ?, cmd = ?, finished_at = ?"
		" WHERE id = ? AND state = 'PENDING'",
		VALUES(T(dockerfile), T(entrypoint), T(cmd), I(now), I(id))))
		return false;
	if (database_changes(db) != 1)
		return error_set(err, ERROR_CONFLICT, "the build is no longer pending");
	return database_run(db, err,
		   "UPDATE image SET build = ?1, name = coalesce((SELECT name FROM build WHERE id = ?1), name)"
		   " WHERE id = (SELECT image FROM build WHERE id = ?1) AND (build IS NULL OR build < ?1)",
		   VALUES(I(id))) &&
	    jobstate_queue_waiting(db, id, err) && transaction_commit(&t, err);
}

bool
build_fail(struct database *db, int64_t id, const char *state, const char *error, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };

	return transaction_begin(&t, db, err) &&
	    database_run(db, err,
		"UPDATE build SET state = ?, " FORGET ", error = ?, finished_at = ?"
		" WHERE id = ? AND state = 'PENDING'",
		VALUES(T(state), T(error), I(clock_now_ms()), I(id))) &&
	    (database_changes(db) == 0 || jobwait_drop(db, id, err)) && transaction_commit(&t, err);
}

bool
build_exists(struct database *db, int64_t id, bool *exists, struct error *err)
{
	return database_exists(db, exists, err, "SELECT 1 FROM build WHERE id = ?", VALUES(I(id)));
}

bool
build_has_ended(struct database *db, int64_t id, bool *ended, struct error *err)
{
	return database_exists(db, ended, err,
	    "SELECT 1 FROM build WHERE id = ? AND state <> 'PENDING'", VALUES(I(id)));
}

bool
build_count_pending(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err,
		   "SELECT count(*) FROM build INDEXED BY build_pending WHERE state = 'PENDING'",
		   NO_VALUES) == 1;
}

/* The results of build_next. */
struct build_found {
	int64_t id;
	bool pending;
};

static bool
build_take_found(struct statement *st, void *context, struct error *err)
{
	struct build_found *found = context;

	(void)err;
	found->id = statement_integer(st, 0);
	found->pending = statement_integer(st, 1) != 0;
	return true;
}

bool
build_next(struct database *db, int64_t after, int64_t *id, bool *pending, struct error *err)
{
	struct build_found found = { 0 };
	int row = database_first(db, err,
	    "SELECT id, state = 'PENDING' FROM build WHERE id > ? ORDER BY id LIMIT 1",
	    VALUES(I(after)), build_take_found, &found);

	*id = found.id;
	*pending = found.pending;
	return row >= 0;
}
