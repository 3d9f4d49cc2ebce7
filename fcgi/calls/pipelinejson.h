#ifndef KABUTO_PIPELINEJSON_H
#define KABUTO_PIPELINEJSON_H
/*
 * The JSON object of a pipeline, as each call that shows a pipeline answers it.
 */
#include <jansson.h>

#include "database.h"
#include "error.h"
#include "pipeline.h"

/*
 * Returns the pipeline with its jobs' ids, and for an admin its owner's login; the caller frees it.
 * NULL: err is set.
 */
json_t *pipelinejson_make(struct database *db, const struct account *viewer,
    const struct pipeline *pipeline, struct error *err);

#endif
