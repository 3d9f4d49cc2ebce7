#ifndef KABUTO_IMAGESWEEP_H
#define KABUTO_IMAGESWEEP_H
/*
 * The sweep of images: removes from the engine those that no row needs any more. Only images with
 * our label are looked at; what is in a registry stays there.
 */
#include "worker.h"
#include "sweep.h"

/*
 * Removes the images that serve nothing, and those without a tag; counts them in *sweep, with their
 * bytes (shared layers included). An image that cannot be removed is logged, is an error of the
 * sweep, and stays until the next one. False: the engine is away or refuses, the call was
 * interrupted, or the database cannot be read.
 */
bool imagesweep_run(struct worker *worker, struct sweep *sweep, struct error *err);

#endif
