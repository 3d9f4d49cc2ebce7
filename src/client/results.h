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
 * when the command begins. If the unpacking fails (a full disk), the zip stays in the cache for the
 * next call.
 */
bool results_fetch(struct http *http, int64_t pipeline, int64_t job, struct extract *extract,
    struct error *err);

/*
 * The same for single files: those that the patterns mean (outboxlist_get). The target may have
 * other files (extract->add), and is checked for those of the same names before they are fetched.
 */
bool results_fetch_names(struct http *http, int64_t pipeline, int64_t job, struct extract *extract,
    char *const *patterns, size_t count, struct error *err);

/*
 * Checks, before anything is fetched, that the zip can be saved as `file`: it does not exist, or is
 * a file and force is set, and its folder may be written.
 */
bool results_check_file(const char *file, bool force, struct error *err);

/* Downloads the results as a zip to the file, or to the standard output if file is "-". */
bool results_save(struct http *http, int64_t pipeline, int64_t job, const char *file, bool force,
    bool quiet, struct error *err);

#endif
