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

/* Makes the web server send the zip. Fails if the job has none; err has the reason. */
bool outbox_send_zip(struct request *req, struct response *res, const struct job *job,
    struct error *err);

#endif
