#ifndef KABUTO_BUILD_H
#define KABUTO_BUILD_H
/*
 * Builds of images: asked for by a handler, done by the spooler (PENDING -> SUCCESS | FAILED |
 * FAILURE).
 *
 * builds/<id>/ holds context/ (Dockerfile and attachments, until the end) and output: what the
 * engine said, one JSON message a line, appended as it comes. A line without its newline is still
 * being written.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "spool.h"
#include "staging.h"

#define BUILD_CONTEXT  "context"
#define BUILD_CHECKOUT "checkout" /* what a repository is cloned into, until the end */
#define BUILD_OUTPUT   "output"

struct build {
	int64_t id; /* 0: none */
	int64_t image;
	char tag_secret[NAME_TEXT]; /* the part of its tag that nobody can guess */
	char state[8];              /* "PENDING", "SUCCESS", "FAILED", "FAILURE" */
	char *dockerfile;
	char *repo_url; /* NULL: the context came with the call */
	char *error;
	bool nocache;
};
void build_clear(struct build *build);

/*
 * What a new image is made of. stage has a folder named "build", with context/ in it, which moves
 * to builds/.
 */
struct build_request {
	const struct account *viewer; /* who asks */
	int64_t image;                /* the one that is built anew; 0: a new one, the viewer's */
	int64_t builds_max;           /* for accounts without a limit of their own */
	const char *name;             /* NULL: the image keeps its own */
	const char *dockerfile;       /* NULL with repo_url */
	const char *repo_url;
	bool nocache;
	struct staging *staging;
};
/* *id and *image get the ids of the build and of its image. ERROR_NOT_FOUND: no such image.
 * ERROR_TOO_MANY: its owner has builds_max builds. */
bool build_create(struct database *db, struct spool *spool, const struct build_request *request,
    int64_t *id, int64_t *image, struct error *err);

/*
 * One build; ERROR_NOT_FOUND "Build not found" where it is not the viewer's, or not of image (0:
 * any).
 */
bool build_find(struct database *db, const struct account *viewer, int64_t id, int64_t image,
    struct build *build, struct error *err);

/*
 * Ends a build that waits, or asks the spooler to give up one at work; ERROR_CONFLICT where it has
 * ended.
 */
#define BUILD_CANCELLED "cancelled by its owner"
bool build_cancel(struct database *db, const struct account *viewer, int64_t id, struct error *err);
/*
 * Deletes an image: nobody sees it from now on, its builds end, and the spooler's sweep removes
 * what the engine has of it. ERROR_NOT_FOUND: it is not the viewer's. ERROR_CONFLICT: a job in
 * queue or running needs it.
 */
bool build_delete_image(struct database *db, const struct account *viewer, int64_t image,
    struct error *err);

/*
 * Deleted images that no job names, with their builds: counts them, or drops the rows of at most
 * `most` of them.
 */
bool build_count_unused_images(struct database *db, int64_t *count, struct error *err);
bool build_drop_unused_images(struct database *db, int64_t most, int64_t *dropped,
    struct error *err);

/*
 * Sets *needed to whether the image that a build made is needed: it serves its image, it may do so
 * yet, or jobs of the image are in queue or running.
 */
bool build_is_needed(struct database *db, int64_t image, int64_t build, bool *needed,
    struct error *err);

/* The spooler's: takes the oldest build that waits. True with build->id == 0: none does. */
bool build_claim(struct database *db, struct build *build, struct error *err);
/* Builds that a former spooler had taken wait again; they run from their stored context. */
bool build_unclaim_all(struct database *db, struct error *err);
bool build_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err);

/*
 * Ends a build well: it now serves its image, unless a later one does. entrypoint and cmd are the
 * built image's (JSON or NULL).
 */
bool build_succeed(struct database *db, int64_t id, const char *dockerfile, const char *entrypoint,
    const char *cmd, struct error *err);
/* Ends a build otherwise; state is "FAILED" or "FAILURE". */
bool build_fail(struct database *db, int64_t id, const char *state, const char *error,
    struct error *err);

/* Whether a row of that id exists, for the sweep of builds/; and whether that build has ended. */
bool build_exists(struct database *db, int64_t id, bool *exists, struct error *err);
bool build_has_ended(struct database *db, int64_t id, bool *ended, struct error *err);

/* How many wait or are at work. */
bool build_count_pending(struct database *db, int64_t *count, struct error *err);

/* The id after the id after, and whether it is pending; 0: there is none. */
bool build_next(struct database *db, int64_t after, int64_t *id, bool *pending, struct error *err);

#endif
