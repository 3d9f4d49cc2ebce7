#ifndef KABUTO_IMAGES_H
#define KABUTO_IMAGES_H
/*
 * Handlers of images.
 */
#include "route.h"

handler images_create, images_list, images_show, images_update, images_delete;

extern const struct parameter images_create_parameters[], images_update_parameters[];

#endif
