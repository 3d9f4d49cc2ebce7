#ifndef KABUTO_LIST_H
#define KABUTO_LIST_H
/*
 * Responses with many items. They go out as they come; but if a call asks for a page ("limit"), its
 * items are gathered, and if there are more, a Link header (RFC 8288) names the next page.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "parameter.h"
#include "queue.h"
#include "response.h"

struct list {
	struct request *req;
	struct response *res;
	bool object;      /* struct list_kind */
	int64_t after;    /* only items with greater ids are wanted */
	int64_t fetch;    /* how many items to ask for: one more than a page has */
	int64_t limit;    /* of a page; 0: none */
	json_t *gathered; /* NULL: items go out as they come */
	int64_t last_id;  /* of the items on this page */
	int64_t count;
	bool more;
	struct queue_mark marks[QUEUE_MARKS]; /* of a list of jobs */
};

/* "limit" and "after", which every list takes; and the parameters of a list that takes no other. */
#define LIST_PARAMETERS                                                                            \
	{ .name = "limit", .type = PARAMETER_NUMBER, .least = 1, .most = 1000 },                   \
	{                                                                                          \
		.name = "after", .type = PARAMETER_ID                                              \
	}
extern const struct parameter list_parameters[];

struct list_kind {
	bool object; /* its items are members of an object, by their ids; else an array's */
	/* Adds the list's items by list_add. list->req has a connection. */
	bool (*add_items)(struct list *list, struct error *err);
};

/* Answers a page if the call asks for one, else the whole list as it comes. kind must be static. */
bool list_answer(struct request *req, struct response *res, const struct list_kind *kind,
    struct error *err);

/* Answers what kind adds, which is not much, whole. */
bool list_answer_whole(struct request *req, struct response *res, const struct list_kind *kind,
    struct error *err);

/* Adds an item; takes the reference to it. id is its key in an object. */
bool list_add(struct list *list, int64_t id, json_t *item, struct error *err);
#endif
