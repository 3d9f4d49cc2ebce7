#ifndef KABUTO_IMAGESWEEP_H
#define KABUTO_IMAGESWEEP_H
/*
 * The sweep of images. It removes images from the engine that no row needs. It handles only images
 * with our label, and removes nothing from a registry.
 */
#include "worker.h"
#include "sweep.h"

/*
 * Removes the unneeded images and those without a tag. Counts them in *sweep, with their bytes
 * (shared layers included). If one image cannot be removed, that is logged and counted as an error
 * of the sweep, and the next sweep tries again. False: the engine is away or refuses, the call was
 * interrupted, or the database cannot be read.
 */
bool imagesweep_run(struct worker *worker, struct sweep *sweep, struct error *err);

#endif
