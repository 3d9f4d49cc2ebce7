#ifndef KABUTO_IMAGE_H
#define KABUTO_IMAGE_H
/*
 * Images that were built: what jobs run from. One that has not been built yet is seen by no one.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "database.h"
#include "error.h"

struct image {
	int64_t id;
	const char *name;
	const char *dockerfile; /* NULL where there is none to show */
	int64_t created_at;
};

/* Called for each image with texts that last for the call; false, with err set, ends the list. */
typedef bool image_visit(const struct image *image, void *context, struct error *err);

/* The viewer's images (all, for an admin) by id: those after the id after, at most limit. */
bool image_each(struct database *db, const struct account *viewer, int64_t after, int64_t limit,
    image_visit *visit, void *context, struct error *err);

/* One image; ERROR_NOT_FOUND "Image not found" where it is not the viewer's. */
bool image_show(struct database *db, const struct account *viewer, int64_t id, image_visit *visit,
    void *context, struct error *err);

/* Whose image it is; ERROR_NOT_FOUND where it is not the viewer's to use. */
bool image_owner(struct database *db, const struct account *viewer, int64_t id, int64_t *account,
    struct error *err);

/* What a job needs of its image. Texts are the caller's, to be given back with image_run_clear. */
struct image_run {
	int64_t image;
	int64_t build; /* the one that serves */
	char tag_secret[NAME_TEXT];
	char *entrypoint; /* JSON array of strings, or NULL */
	char *cmd;        /* likewise */
};
bool image_run_read(struct database *db, int64_t image, struct image_run *run, struct error *err);
void image_run_clear(struct image_run *run);

#endif
