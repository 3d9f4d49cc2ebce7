#ifndef KABUTO_ENGINE_TAGS_H
#define KABUTO_ENGINE_TAGS_H
/*
 * Images that are there, by their tags.
 */
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "error.h"

/*
 * Called for each tag of the images with the label kabuto.instance=instance; tag is NULL for one
 * without any. Bytes are the image's, shared layers included.
 */
typedef bool image_tag_visit(const char *tag, int64_t bytes, void *context, struct error *err);
bool engine_tags_each(struct engine *engine, const char *instance, image_tag_visit *visit,
    void *context, struct error *err);

/*
 * Removes a tag, and with an image's last one its layers. One that is not there is success;
 * ERROR_CONFLICT: a container needs it.
 */
bool engine_tags_remove(struct engine *engine, const char *tag, struct error *err);

/* Removes the images with our label that have no tag, nor anything built upon them. */
bool engine_tags_prune(struct engine *engine, const char *instance, int64_t *removed,
    int64_t *bytes, struct error *err);

#endif
