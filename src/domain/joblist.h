#ifndef KABUTO_JOBLIST_H
#define KABUTO_JOBLIST_H
/*
 * Lists of jobs, with filters.
 */
#include "account.h"
#include "database.h"
#include "error.h"
#include "job.h"
#include "page.h"

struct joblist_filter {
	int64_t account;   /* 0: any */
	int64_t pipeline;  /* 0: any */
	int64_t image;     /* 0: any */
	const char *state; /* NULL: any */
	const char *name;  /* a part of the name; NULL: any name, or none */
};

/* Gets one job, which is valid during the call. False, with err set, ends the list. */
typedef bool joblist_visit(const struct job *job, void *context, struct error *err);

/* Lists a page of the viewer's jobs; for an admin, of all jobs. */
bool joblist_each(struct database *db, const struct account *viewer,
    const struct joblist_filter *filter, struct page *page, joblist_visit *visit, void *context,
    struct error *err);

#endif
