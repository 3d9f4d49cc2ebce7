#ifndef KABUTO_OUTBOX_H
#define KABUTO_OUTBOX_H
/*
 * What a job has left in /outbox: the zip, its listing, and single files of it.
 */
#include "job.h"
#include "request.h"
#include "response.h"
#include "route.h"

handler outbox_list, outbox_file;

/* Has the web server send the zip. If the job has none, err says why. */
bool outbox_send_zip(struct request *req, struct response *res, const struct job *job,
    struct error *err);

#endif
