#ifndef KABUTO_OWNIMAGE_H
#define KABUTO_OWNIMAGE_H
/*
 * The account's own images as bases of a build: FROM kabuto/<image id> or kabuto/<image name>.
 *
 * The engine gets the image's tag in the place of this name. The tag's end is a secret
 * (imagename.h), so the engine's messages are masked before they are stored. No other name below
 * kabuto/ may be used, and no digest: this image store or another may find any account's image by
 * it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "build.h"
#include "error.h"
#include "imagename.h"
#include "worker.h"

#define OWNIMAGE_MOST 50 /* own images, and images by digest, that a Dockerfile may name */

struct ownimage {
	char *shown; /* the name that the account uses: "kabuto/7" */
	struct imagename name;
	char secret[NAME_TEXT];
};

struct ownimages {
	struct worker *worker;
	const struct build *build;
	struct ownimage items[OWNIMAGE_MOST]; /* the first is the one that is being built */
	size_t count;
	char *digests[OWNIMAGE_MOST]; /* images that are named by digest and are not Kabuto's */
	size_t digest_count;
};

/* Begins with the image that is being built. On true the caller must call ownimage_clear. */
bool ownimage_begin(struct ownimages *own, struct worker *worker, const struct build *build,
    struct error *err);
void ownimage_clear(struct ownimages *own);

/*
 * A dockerfile_image_visit; context is a struct ownimages. Sets *other to the tag if name is one of
 * the account's images, which the engine then has and keeps until the build's end. ERROR_INPUT: the
 * name may be another account's image, or there is no such image.
 */
bool ownimage_visit(void *context, const char *name, char **other, struct error *err);

/* Whether the name may belong to Kabuto's images on this engine, of whatever account. */
bool ownimage_is_reserved(const char *name, const char *instance);

/*
 * Whether the engine may use the image of this name: it was visited, or can be none of Kabuto's.
 * Podman finds each image by its digest, whatever name stands before it.
 */
bool ownimage_is_allowed(const struct ownimages *own, const char *name);

/*
 * Returns the text with the names that the account uses in the place of tags, and without secrets.
 * Podman also tells the tags of other accounts that an image has from an equal build.
 * The caller frees it. NULL: no memory.
 */
char *ownimage_mask(const struct ownimages *own, const char *text);

#endif
