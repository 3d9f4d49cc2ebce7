#ifndef KABUTO_JOBSPEC_H
#define KABUTO_JOBSPEC_H
/*
 * What a job's container is made of.
 */
#include <jansson.h>

#include "config.h"
#include "engine_container.h"
#include "error.h"
#include "image.h"
#include "job.h"
#include "worker.h"

/*
 * The job's argument vector (design, section 5): a shell line in place of the image's ENTRYPOINT,
 * an array behind it as in Docker's exec form, or the image's ENTRYPOINT and CMD. An array of
 * strings, the caller's to release; empty where there is nothing to run; NULL without memory.
 */
json_t *jobspec_arguments(const struct job *job, const struct image_run *image);

/*
 * Creates the job's container. folder is the attempt's, in run/; sandbox is the container whose
 * network it joins, with that network's files in folder, or NULL. ERROR_INPUT where there is
 * nothing to run; else, and for id, as engine_container_create.
 */
bool jobspec_create(struct worker *worker, const struct job *job, const struct image_run *image,
    const char *container, const char *folder, const char *sandbox, char id[static CONTAINER_ID],
    struct error *err);

/* The name of an attempt's container. */
#define CONTAINER_NAME 128
const char *jobspec_container(char name[static CONTAINER_NAME], const char *instance, int64_t job,
    int64_t attempt);

#endif
