/*
 * The rows of builds, and the folder of each that becomes visible with its row.
 */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "image.h"
#include "quantity.h"
#include "tree.h"

/* A URL may have a password in it, which nobody needs once the build has ended. */
#define FORGET "repo_url = iif(instr(repo_url, '@') > 0, NULL, repo_url)"

#define RETRY_S 60 /* a guess at when a build has ended */

#define BUILD_ROW     "id, image, state, dockerfile, repo_url, error, nocache, tag_secret"
#define BUILD_COLUMNS "SELECT " BUILD_ROW " FROM build"

void
build_clear(struct build *build)
{
	free(build->dockerfile);
	free(build->repo_url);
	free(build->error);
	*build = (struct build){ 0 };
}

static bool
read_row(struct statement *st, struct build *build, struct error *err)
{
	build->id = statement_integer(st, 0);
	build->image = statement_integer(st, 1);
	snprintf(build->state, sizeof build->state, "%s", statement_text(st, 2));
	build->dockerfile = statement_copy(st, 3);
	build->repo_url = statement_copy(st, 4);
	build->error = statement_copy(st, 5);
	build->nocache = statement_integer(st, 6) != 0;
	snprintf(build->tag_secret, sizeof build->tag_secret, "%s", statement_text(st, 7));
	if (statement_copied(st, err))
		return true;
	build_clear(build);
	return false;
}

/* The image that is built, which a new one is only now; and the account whose it is. */
static bool
find_image(struct database *db, const struct build_request *request, int64_t *image,
    int64_t *account, struct error *err)
{
	*image = request->image;
	*account = request->viewer->id;
	if (*image != 0)
		return image_owner(db, request->viewer, *image, account, err);
	if (!database_run(db, NULL, err,
		"INSERT INTO image (account, name, created_at) VALUES (?, ?, ?)", "iti",
		(long long)*account, request->name, (long long)time_now_ms()))
		return false;
	*image = database_inserted(db);
	return true;
}

static bool
check_count(struct database *db, int64_t account, int64_t builds_max, struct error *err)
{
	int64_t pending = 0;

	if (database_integer(db, &builds_max, err,
		"SELECT coalesce(builds_max, ?) FROM account WHERE id = ?", "ii",
		(long long)builds_max, (long long)account) < 0 ||
	    database_integer(db, &pending, err,
		"SELECT count(*) FROM build WHERE account = ? AND state = 'PENDING'", "i",
		(long long)account) < 0)
		return false;
	if (pending < builds_max)
		return true;
	error_set(err, ERROR_TOO_MANY,
	    "an account may have %lld builds that wait or are at work; wait until one has ended",
	    (long long)builds_max);
	err->retry_after_s = RETRY_S;
	return false;
}

static bool
insert_rows(struct database *db, const struct build_request *request, int64_t *id, int64_t *image,
    struct error *err)
{
	int64_t account;
	char secret[NAME_TEXT];

	name_make(secret);
	if (!find_image(db, request, image, &account, err) ||
	    !check_count(db, account, request->builds_max, err) ||
	    !database_run(db, NULL, err,
		"INSERT INTO build (image, account, state, name, dockerfile, repo_url, nocache, tag_secret,"
		" created_at) VALUES (?, ?, 'PENDING', ?, ?, ?, ?, ?, ?)",
		"iitttiti", (long long)*image, (long long)account,
		request->image != 0 ? request->name : NULL, request->dockerfile, request->repo_url,
		(long long)request->nocache, secret, (long long)time_now_ms()))
		return false;
	*id = database_inserted(db);
	return true;
}

/* A folder that a call left which died before its commit has no row: the id is given out again. */
static bool
publish(struct spool *spool, const struct stage *stage, const char *name, struct error *err)
{
	if (spool_publish(stage->fd, "build", spool->builds, name, err))
		return true;
	return (errno == ENOTEMPTY || errno == EEXIST) && tree_remove(spool->builds, name, err) &&
	    spool_publish(stage->fd, "build", spool->builds, name, err);
}

bool
build_create(struct database *db, struct spool *spool, const struct build_request *request,
    int64_t *id, int64_t *image, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	char name[24];

	if (!tree_sync(request->stage->fd, "build", err) || !transaction_begin(&t, db, err) ||
	    !insert_rows(db, request, id, image, err))
		return false;
	snprintf(name, sizeof name, "%lld", (long long)*id);
	if (!publish(spool, request->stage, name, err))
		return false;
	fault_point("context", "publish");
	/* After a commit that fails the folder stays: the sweep, or the next build of this id, has
	 * it. */
	return transaction_commit(&t, err);
}

bool
build_find(struct database *db, const struct account *viewer, int64_t id, int64_t image,
    struct build *build, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		BUILD_COLUMNS " WHERE id = ? AND (account = ? OR ?) AND (image = ? OR ? = 0)",
		"iiiii", (long long)id, (long long)viewer->id, (long long)viewer->admin,
		(long long)image, (long long)image))
		return false;
	row = statement_row(&st, err);
	if (row == 0)
		return error_set(err, ERROR_NOT_FOUND, "Build not found");
	if (row < 0)
		return false;
	return read_row(&st, build, err);
}

bool
build_cancel(struct database *db, const struct account *viewer, int64_t id, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct build build = { 0 };
	int ended = 0, asked = 0;

	if (!transaction_begin(&t, db, err) || !build_find(db, viewer, id, 0, &build, err))
		return false;
	build_clear(&build);
	/* One that nobody works on has ended with this, and its context is the sweep's; else it is
	 * the spooler's to end. */
	if (!database_run(db, &ended, err,
		"UPDATE build SET state = 'FAILED', error = '" BUILD_CANCELLED "', finished_at = ?"
		" WHERE id = ? AND state = 'PENDING' AND started_at IS NULL",
		"ii", (long long)time_now_ms(), (long long)id) ||
	    !database_run(db, &asked, err,
		"UPDATE build SET cancel_requested = 1 WHERE id = ? AND state = 'PENDING'", "i",
		(long long)id))
		return false;
	if (ended + asked == 0)
		return error_set(err, ERROR_CONFLICT, "Cannot cancel a build that has ended");
	return transaction_commit(&t, err);
}

bool
build_cancel_all(struct database *db, int64_t image, struct error *err)
{
	return database_run(db, NULL, err,
		   "UPDATE build SET state = 'FAILED', error = '" BUILD_CANCELLED
		   "', finished_at = ?"
		   " WHERE image = ? AND state = 'PENDING' AND started_at IS NULL",
		   "ii", (long long)time_now_ms(), (long long)image) &&
	    database_run(db, NULL, err,
		"UPDATE build SET cancel_requested = 1 WHERE image = ? AND state = 'PENDING'", "i",
		(long long)image);
}

bool
build_claim(struct database *db, struct build *build, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	struct statement st;
	int row;

	if (!transaction_begin(&t, db, err) ||
	    !statement_begin(&st, db, err,
		"UPDATE build SET started_at = ? WHERE id ="
		" (SELECT id FROM build WHERE state = 'PENDING' AND started_at IS NULL ORDER BY id LIMIT 1)"
		" RETURNING " BUILD_ROW,
		"i", (long long)time_now_ms()))
		return false;
	row = statement_row(&st, err);
	if (row == 1 && !read_row(&st, build, err))
		row = -1;
	statement_end(&st);
	if (row >= 0 && transaction_commit(&t, err))
		return true;
	build_clear(build);
	return false;
}

bool
build_unclaim_all(struct database *db, struct error *err)
{
	return database_run(db, NULL, err,
	    "UPDATE build SET started_at = NULL WHERE state = 'PENDING'", "");
}

bool
build_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err)
{
	int64_t requested = 0;

	if (database_integer(db, &requested, err, "SELECT cancel_requested FROM build WHERE id = ?",
		"i", (long long)id) < 0)
		return false;
	*cancelled = requested != 0;
	return true;
}

bool
build_succeed(struct database *db, int64_t id, const char *dockerfile, const char *entrypoint,
    const char *cmd, struct error *err)
{
	cleanup_transaction struct transaction t = { NULL };
	long long now = time_now_ms();
	int changes = 0;

	if (!transaction_begin(&t, db, err) ||
	    !database_run(db, &changes, err,
		"UPDATE build SET state = 'SUCCESS', " FORGET
		", dockerfile = ?, entrypoint = ?, cmd = ?, finished_at = ?"
		" WHERE id = ? AND state = 'PENDING'",
		"tttii", dockerfile, entrypoint, cmd, now, (long long)id))
		return false;
	if (changes != 1)
		return error_set(err, ERROR_CONFLICT, "the build is no longer pending");
	return database_run(db, NULL, err,
		   "UPDATE image SET build = ?1, name = coalesce((SELECT name FROM build WHERE id = ?1), name)"
		   " WHERE id = (SELECT image FROM build WHERE id = ?1) AND (build IS NULL OR build < ?1)",
		   "i", (long long)id) &&
	    transaction_commit(&t, err);
}

bool
build_fail(struct database *db, int64_t id, const char *state, const char *error, struct error *err)
{
	return database_run(db, NULL, err,
	    "UPDATE build SET state = ?, " FORGET ", error = ?, finished_at = ?"
	    " WHERE id = ? AND state = 'PENDING'",
	    "ttii", state, error, (long long)time_now_ms(), (long long)id);
}

bool
build_exists(struct database *db, int64_t id, bool *exists, struct error *err)
{
	int64_t found = 0;

	if (database_integer(db, &found, err, "SELECT 1 FROM build WHERE id = ?", "i",
		(long long)id) < 0)
		return false;
	*exists = found != 0;
	return true;
}

bool
build_has_ended(struct database *db, int64_t id, bool *ended, struct error *err)
{
	int64_t found = 0;

	if (database_integer(db, &found, err,
		"SELECT 1 FROM build WHERE id = ? AND state <> 'PENDING'", "i", (long long)id) < 0)
		return false;
	*ended = found != 0;
	return true;
}

bool
build_count_pending(struct database *db, int64_t *count, struct error *err)
{
	return database_integer(db, count, err,
		   "SELECT count(*) FROM build INDEXED BY build_pending WHERE state = 'PENDING'",
		   "") == 1;
}

bool
build_next(struct database *db, int64_t after, int64_t *id, bool *pending, struct error *err)
{
	cleanup_statement struct statement st = { 0 };
	int row;

	if (!statement_begin(&st, db, err,
		"SELECT id, state = 'PENDING' FROM build WHERE id > ? ORDER BY id LIMIT 1", "i",
		(long long)after))
		return false;
	row = statement_row(&st, err);
	*id = row == 1 ? statement_integer(&st, 0) : 0;
	*pending = row == 1 && statement_integer(&st, 1) != 0;
	return row >= 0;
}
