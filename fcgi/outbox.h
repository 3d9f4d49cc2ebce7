#ifndef KABUTO_OUTBOX_H
#define KABUTO_OUTBOX_H
/*
 * What a job has left in /outbox: the zip, its listing, and single files of it.
 */
#include "job.h"
#include "router.h"

handler outbox_list, outbox_file;

/* Has the web server send the zip; fails in words where there is none. */
bool outbox_send_zip(struct request *req, const struct job *job, struct error *err);

#endif
