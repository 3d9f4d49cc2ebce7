#ifndef KABUTO_OUTBOX_H
#define KABUTO_OUTBOX_H
/*
 * Sends the results that a job has left in /outbox: the zip, its listing, and single files.
 */
#include "job.h"
#include "request.h"
#include "response.h"
#include "route.h"

handler outbox_list, outbox_file;

/*
 * Checks that the job has results. ERROR_CONFLICT: it has not ended; ERROR_GONE: retention removed
 * them; ERROR_NOT_FOUND: it never ran.
 */
bool outbox_check_there(const struct job *job, struct error *err);

/*
 * Open the listing of the job's results, after the same checks, and their zip. The caller closes
 * the descriptor.
 */
bool outbox_open_listing(const struct request *req, const struct job *job, int *listing,
    struct error *err);
bool outbox_open_zip(const struct request *req, const struct job *job, int *zip, struct error *err);

/* Makes the web server send the zip. Fails if the job has none; err has the reason. */
bool outbox_send_zip(struct request *req, struct response *res, const struct job *job,
    struct error *err);

#endif
