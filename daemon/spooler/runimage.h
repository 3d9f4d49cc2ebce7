#ifndef KABUTO_RUNIMAGE_H
#define KABUTO_RUNIMAGE_H
/*
 * Pulls a job's image back from the registry.
 */
#include "run.h"

/*
 * For a job whose container could not be created because something does not exist. If the image is
 * missing on the engine, pulls it from the registry and records this in the log. False with err
 * unchanged: the image is not missing. ERROR_REGISTRY: the registry is away and the job should
 * wait.
 */
bool runimage_pull(struct run *run, const struct image_run *image, struct error *err);

#endif
