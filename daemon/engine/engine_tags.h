#ifndef KABUTO_ENGINE_TAGS_H
#define KABUTO_ENGINE_TAGS_H
/*
 * The engine's images, by their tags.
 */
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"

/*
 * Calls visit for each tag of the images with the label kabuto.instance=instance. tag is NULL for
 * an image without a tag. bytes is the image's size, including shared layers.
 */
typedef bool image_tag_visit(const char *tag, int64_t bytes, void *context, struct error *err);
bool engine_tags_each(struct engine *engine, const char *instance, image_tag_visit *visit,
    void *context, struct error *err);

/*
 * *is_ours tells whether the engine finds an image by this name, and it has the label
 * kabuto.instance=instance. name has the characters of an image's name only.
 */
bool engine_tags_is_ours(struct engine *engine, const char *name, const char *instance,
    bool *is_ours, struct error *err);

/*
 * Removes a tag. With an image's last tag its layers are removed too. Success if the tag does not
 * exist. ERROR_CONFLICT: a container needs the image.
 */
bool engine_tags_remove(struct engine *engine, const char *tag, struct error *err);

/*
 * Removes an image, by its id, if it has no name and was made since then (ms since 1970), and the
 * images without a name that it was built from. Success if it does not exist, has a name or is
 * older. ERROR_CONFLICT: a container needs it, or another image was built on it.
 */
bool engine_tags_remove_untagged(struct engine *engine, const char *id, int64_t since,
    struct error *err);

/* Removes the images with our label that have no tag and on which no other image is built. */
bool engine_tags_prune(struct engine *engine, const char *instance, int64_t *removed,
    int64_t *bytes, struct error *err);

#endif
