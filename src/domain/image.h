#ifndef KABUTO_IMAGE_H
#define KABUTO_IMAGE_H
/*
 * Images, which jobs run from. No one sees an image before its first build has succeeded.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"
#include "page.h"

struct image {
	int64_t id;
	const char *name;
	const char *dockerfile; /* NULL: unknown */
	int64_t created_at;
	const char *build_arg; /* JSON array of "NAME=VALUE"; NULL: none */
	const char *login;     /* the account's */
};

/* Gets one image; texts are valid during the call. False, with err set, ends the list. */
typedef bool image_visit(const struct image *image, void *context, struct error *err);

/*
 * Lists a page of the viewer's images, or of all for an admin. name is a part of the name; NULL:
 * any name.
 */
bool image_each(struct database *db, const struct account *viewer, const char *name,
    struct page *page, image_visit *visit, void *context, struct error *err);

/* An SQL condition on a row of image: a build of it is pending, and nobody has cancelled it. */
#define IMAGE_IS_BEING_BUILT                                                                       \
	"EXISTS (SELECT 1 FROM build WHERE build.image = image.id AND build.state = 'PENDING'"     \
	" AND NOT build.cancel_requested)"

/* Calls visit for one image. ERROR_NOT_FOUND "Image not found": it is not the viewer's. */
bool image_show(struct database *db, const struct account *viewer, int64_t id, image_visit *visit,
    void *context, struct error *err);

/* *account gets the owner of an image. ERROR_NOT_FOUND: the viewer may not use it. */
bool image_owner(struct database *db, const struct account *viewer, int64_t id, int64_t *account,
    struct error *err);

/* The data of an image that a job needs. The caller must call image_run_clear. */
struct image_run {
	int64_t image;
	int64_t build; /* the build in use */
	char tag_secret[NAME_TEXT];
	char *entrypoint; /* JSON array of strings, or NULL */
	char *cmd;        /* likewise */
};
bool image_run_read(struct database *db, int64_t image, struct image_run *run, struct error *err);
void image_run_clear(struct image_run *run);

#endif
