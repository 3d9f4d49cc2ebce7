#ifndef KABUTO_JOBSPEC_H
#define KABUTO_JOBSPEC_H
/*
 * What a job's container is made of.
 */
#include <jansson.h>

#include "error.h"
#include "image.h"
#include "job.h"
#include "spooler.h"

/*
 * The job's argument vector (design, section 5): a shell line in place of the image's ENTRYPOINT,
 * an array behind it as in Docker's exec form, or the image's ENTRYPOINT and CMD. An array of
 * strings, the caller's to release; empty where there is nothing to run.
 */
json_t *jobspec_arguments(const struct job *job, const struct image_run *image);

/*
 * Creates the job's container. folder is the attempt's, in run/. ERROR_INPUT where there is nothing
 * to run; else as container_create.
 */
bool jobspec_create(struct worker *worker, const struct job *job, const struct image_run *image,
    const char *container, const char *folder, struct error *err);

#endif
