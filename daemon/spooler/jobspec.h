#ifndef KABUTO_JOBSPEC_H
#define KABUTO_JOBSPEC_H
/*
 * Builds the specification of a job's container.
 */
#include <jansson.h>

#include "config.h"
#include "engine_container.h"
#include "error.h"
#include "image.h"
#include "job.h"
#include "worker.h"

/*
 * Returns the job's argument vector (design, section 5), an array of strings that the caller
 * releases. A shell line replaces the image's ENTRYPOINT. An array follows the ENTRYPOINT, as in
 * Docker's exec form. Without a command: the image's ENTRYPOINT and CMD. Empty: there is nothing to
 * run. NULL without memory.
 */
json_t *jobspec_arguments(const struct job *job, const struct image_run *image);

/*
 * Creates the job's container. folder is the attempt's folder in run/. sandbox is the container
 * whose network the job joins, or NULL; then the network's files must be in folder. ERROR_INPUT:
 * there is nothing to run. For other errors and id see engine_container_create.
 */
bool jobspec_create(struct worker *worker, const struct job *job, const struct image_run *image,
    const char *container, const char *folder, const char *sandbox, char id[static CONTAINER_ID],
    struct error *err);

/* Writes the name of an attempt's container and returns it. */
#define CONTAINER_NAME 128
const char *jobspec_container(char name[static CONTAINER_NAME], const char *instance, int64_t job,
    int64_t attempt);

#endif
