#ifndef KABUTO_JOBJSON_H
#define KABUTO_JOBJSON_H
/*
 * The JSON object of a job, as each call that shows a job answers it.
 */
#include <jansson.h>

#include "config.h"
#include "database.h"
#include "error.h"
#include "job.h"
#include "queue.h"

/*
 * Returns the job as a JSON object; the caller frees it. A job in queue has its place in it: a
 * caller that makes many jobs passes the same marks each time, zeroed at first. NULL: err is set.
 */
json_t *jobjson_make(struct database *db, const struct config *config,
    struct queue_mark marks[static QUEUE_MARKS], const struct job *job, struct error *err);

#endif
