#ifndef KABUTO_BUILD_H
#define KABUTO_BUILD_H
/*
 * Builds of images. A handler creates a build; the spooler executes it (PENDING -> SUCCESS | FAILED
 * | FAILURE).
 *
 * The folder builds/<id>/ holds context/ (Dockerfile and attachments, until the end) and the file
 * output. The spooler appends the engine's messages to output, one JSON message per line. A last
 * line without newline is incomplete.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "digest.h"
#include "error.h"
#include "page.h"
#include "spool.h"
#include "staging.h"

#define BUILD_CONTEXT  "context"
#define BUILD_CHECKOUT "checkout" /* the clone of a repository, until the end */
#define BUILD_OUTPUT   "output"

struct build {
	int64_t id; /* 0: no build */
	int64_t image;
	int64_t account;            /* the image's owner */
	char tag_secret[NAME_TEXT]; /* the unguessable part of its tag */
	char state[8];              /* "PENDING", "SUCCESS", "FAILED", "FAILURE" */
	char *dockerfile;
	char *repo_url; /* NULL: the context came with the call */
	char *error;
	char *name;      /* the image's, or the new one that the image gets by this build */
	char *build_arg; /* JSON array of "NAME=VALUE"; NULL: none */
	bool nocache;
	int64_t created_at;              /* ms since 1970, as the next two */
	int64_t started_at, finished_at; /* 0: it has not yet */
	char login[LOGIN_MOST + 1];      /* the account's */
};
void build_clear(struct build *build);

/*
 * The parameters of a new build. The staging folder has a folder "build" with context/ in it;
 * build_create moves it to builds/<id>.
 */
struct build_request {
	const struct account *viewer; /* the account that calls */
	int64_t image;                /* the image to build again; 0: a new image of the viewer */
	int64_t builds_max;           /* for accounts without their own limit */
	const char *name;             /* NULL: the image keeps its name */
	const char *dockerfile;       /* NULL with repo_url */
	const char *repo_url;
	const char *build_arg; /* JSON array of "NAME=VALUE"; NULL: none */
	bool nocache;
	const unsigned char *content_hash; /* contenthash.h; NULL: unknown, so it is never reused */
	struct staging *staging;
};
/*
 * Creates a build. *id gets its id, *image the id of its image. ERROR_NOT_FOUND: no such image.
 * ERROR_TOO_MANY: the owner already has builds_max builds that have not ended.
 */
bool build_create(struct database *db, struct spool *spool, const struct build_request *request,
    int64_t *id, int64_t *image, struct error *err);

/*
 * The parts of build_create: flushing the context, which may take long; the rows; and moving the
 * context into its place, as the last action before the commit. Without the commit the folder stays
 * until the sweep or the next build of this id removes it.
 */
bool build_flush(const struct staging *staging, struct error *err);
bool build_add(struct database *db, const struct build_request *request, int64_t *id,
    int64_t *image, struct error *err);
bool build_publish(struct spool *spool, const struct staging *staging, int64_t id,
    struct error *err);

/*
 * Looks for an image of the account with the same content: one that is built, or one whose pending
 * build can be waited for. *image gets its id; 0: there is none. *build gets the pending build's
 * id; 0: the image is built.
 */
bool build_find_content(struct database *db, int64_t account,
    const unsigned char content_hash[static DIGEST_BYTES], int64_t *image, int64_t *build,
    struct error *err);

/* Makes the image of a build unknown to build_find_content, because the engine has lost it. */
bool build_forget_content(struct database *db, int64_t id, struct error *err);

/*
 * Reads one build. The caller must call build_clear. ERROR_NOT_FOUND "Build not found": it does not
 * exist, is not the viewer's, or is not of this image (0: any image).
 */
bool build_find(struct database *db, const struct account *viewer, int64_t id, int64_t image,
    struct build *build, struct error *err);

struct build_filter {
	int64_t image;     /* 0: any */
	const char *state; /* NULL: any */
};

/* Gets one build, which is valid during the call. False, with err set, ends the list. */
typedef bool build_visit(const struct build *build, void *context, struct error *err);

/* Lists a page of the viewer's builds, or of all for an admin. */
bool build_each(struct database *db, const struct account *viewer,
    const struct build_filter *filter, struct page *page, build_visit *visit, void *context,
    struct error *err);

/*
 * Ends a build that waits, or asks the spooler to stop a build that runs. The jobs that wait for it
 * are deleted when it ends. ERROR_CONFLICT: it has ended.
 */
#define BUILD_CANCELLED "cancelled by its owner"
bool build_cancel(struct database *db, const struct account *viewer, int64_t id, struct error *err);
/*
 * Deletes an image. No one sees it any more, its builds end, and the spooler's sweep removes it
 * from the engine. ERROR_NOT_FOUND: it is not the viewer's. ERROR_CONFLICT: a job that is in queue
 * or running, or waits for a build of it, needs it.
 */
bool build_delete_image(struct database *db, const struct account *viewer, int64_t image,
    struct error *err);

/*
 * Count the deleted images that no job names, or drop the rows of at most `most` of them, with
 * their builds.
 */
bool build_count_unused_images(struct database *db, int64_t *count, struct error *err);
bool build_erase_unused_images(struct database *db, int64_t most, int64_t *erased,
    struct error *err);

/*
 * Sets *needed to whether the engine's image of this build is needed. It is if the build is in use
 * for its image or can still become it, if jobs of the image are in queue or running, or if a build
 * that has not ended uses it as a base.
 */
bool build_is_needed(struct database *db, int64_t image, int64_t build, bool *needed,
    struct error *err);

/*
 * For the spooler: takes the oldest build that waits. If none waits, returns true with build->id ==
 * 0. The caller must call build_clear.
 */
bool build_claim(struct database *db, struct build *build, struct error *err);
/* An image of the build's owner that the build uses as a base. */
struct build_base {
	int64_t image;
	int64_t build; /* the build in use */
	char tag_secret[NAME_TEXT];
};
/*
 * Finds the image that the owner calls `name`: its id, or its name (the newest one of that name).
 * From then on build_is_needed is true for it, until the build ends. ERROR_NOT_FOUND: the owner has
 * no such image, or it is not built yet.
 */
bool build_take_base(struct database *db, const struct build *build, const char *name,
    struct build_base *base, struct error *err);
/* Makes builds that a former spooler had taken wait again. They keep their context. */
bool build_unclaim_all(struct database *db, struct error *err);
bool build_is_cancelled(struct database *db, int64_t id, bool *cancelled, struct error *err);

/*
 * Ends a build with success. Its image now uses it, unless it uses a later build. The jobs that
 * wait for it are queued. entrypoint and cmd are the built image's (JSON or NULL).
 */
bool build_succeed(struct database *db, int64_t id, const char *dockerfile, const char *entrypoint,
    const char *cmd, struct error *err);
/* Ends a build without success. state is "FAILED" or "FAILURE". Deletes the jobs that wait for it.
 */
bool build_fail(struct database *db, int64_t id, const char *state, const char *error,
    struct error *err);

/* For the sweep of builds/: set *exists, or *ended, to whether the build exists, or has ended. */
bool build_exists(struct database *db, int64_t id, bool *exists, struct error *err);
bool build_has_ended(struct database *db, int64_t id, bool *ended, struct error *err);

/* Counts the builds that wait or run. */
bool build_count_pending(struct database *db, int64_t *count, struct error *err);

/*
 * *id gets the next id after `after`, *pending whether that build is pending; 0: no further build.
 */
bool build_next(struct database *db, int64_t after, int64_t *id, bool *pending, struct error *err);

#endif
