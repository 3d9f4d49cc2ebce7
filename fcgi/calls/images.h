#ifndef KABUTO_IMAGES_H
#define KABUTO_IMAGES_H
/*
 * Handlers of /image: images and their builds.
 */
#include "route.h"

handler images_create, images_list, images_show, images_build, images_build_cancel, images_update,
    images_delete;

extern const struct parameter images_create_parameters[], images_update_parameters[];

#endif
