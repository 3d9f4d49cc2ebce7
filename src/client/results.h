#ifndef KABUTO_RESULTS_H
#define KABUTO_RESULTS_H
/*
 * The results of a job, from the server into a folder: download.h and extract.h together.
 */
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "extract.h"
#include "http.h"

/*
 * Downloads the results of an ended job and unpacks them. extract has target, force and quiet
 * on entry, and the outcome after success; http->stop ends it. extract_check_target comes first,
 * when the command begins. If the unpacking fails (a full disk), the zip stays in the cache for the next call.
 */
bool results_fetch(struct http *http, int64_t pipeline, int64_t job, struct extract *extract,
    struct error *err);

#endif
