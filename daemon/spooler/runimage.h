#ifndef KABUTO_RUNIMAGE_H
#define KABUTO_RUNIMAGE_H
/*
 * Getting a job's image back from the registry.
 */
#include "run.h"

/*
 * Where the job's container could not be created because something is not there: pulls the image
 * from the registry, if it is what is missing, and notes it in the log. False with err as it was:
 * it is not. ERROR_REGISTRY: the registry is away, and is still to be waited for.
 */
bool runimage_pull(struct run *run, const struct image_run *image, struct error *err);

#endif
