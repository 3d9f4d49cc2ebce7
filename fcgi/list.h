#ifndef KABUTO_LIST_H
#define KABUTO_LIST_H
/*
 * Answers with a list of items. Without "limit", items are sent as they are read. With "limit" (a
 * page), items are gathered first, and if more items follow, a Link header (RFC 8288) names the
 * next page. The header X-Last-Change has the number of the last change (changefeed.h) before the
 * list was read.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "parameter.h"
#include "page.h"
#include "queue.h"
#include "response.h"

struct list {
	struct request *req;
	struct response *res;
	bool object;      /* as in struct list_kind */
	struct page page; /* what to read from the database: one item more than the page has */
	int64_t limit;    /* items of a page; 0: no limit */
	json_t *gathered; /* NULL: items are sent as they are read */
	int64_t last_id;  /* of the last item on this page */
	int64_t count;
	int64_t parts;                        /* of the items so far; see list_is_full */
	bool more;                            /* more items follow this page */
	struct queue_mark marks[QUEUE_MARKS]; /* for a list of jobs */
};

/* The parameters "limit" and "after", which every list has, and others that several lists have. */
#define LIST_ORDER                                                                                 \
	{                                                                                          \
		.name = "order", .type = PARAMETER_CHOICE, .choices = "oldest newest"              \
	}
#define LIST_OWN                                                                                   \
	{                                                                                          \
		.name = "own", .type = PARAMETER_FLAG                                              \
	}
#define LIST_NAME                                                                                  \
	{                                                                                          \
		.name = "name", .type = PARAMETER_TEXT, .most = 255                                \
	}
#define LIST_PARAMETERS                                                                            \
	{ .name = "limit", .type = PARAMETER_NUMBER, .least = 1, .most = 1000 },                   \
	{                                                                                          \
		.name = "after", .type = PARAMETER_ID                                              \
	}
/* The tables for lists that have no other parameters, and for lists of things with names. */
extern const struct parameter list_parameters[], list_ordered_parameters[], list_named_parameters[];

struct list_kind {
	bool object; /* the list is an object with the ids as keys; else an array */
	/* Adds the list's items with list_add. list->req has a connection. */
	bool (*add_items)(struct list *list, struct error *err);
};

/*
 * Answers with a page if the call has "limit", else with the whole list, sent as it is read. kind
 * must be static.
 */
bool list_answer(struct request *req, struct response *res, const struct list_kind *kind,
    struct error *err);

/* Returns the account whose items are listed: the caller's, without an admin's view for "own". */
struct account list_viewer(const struct list *list);

/* Returns the text that the names must contain. NULL: all. */
const char *list_name(const struct list *list);

/* Returns the id that a filter names; 0: not given. An id that no row has stays so. */
int64_t list_id(const struct list *list, const char *name);

/* Gathers all items before it answers. For short lists. */
bool list_answer_whole(struct request *req, struct response *res, const struct list_kind *kind,
    struct error *err);

/*
 * Returns whether the page takes no more items: it has "limit" of them, or their parts (the small
 * values in them, which the caller counts in list->parts) are as many as memory should hold. Then
 * sets list->more. For lists with items that may be very long; each page has an item at least.
 */
bool list_is_full(struct list *list);

/*
 * Adds an item, and takes the reference to it. id is its key in an object. NULL: no memory, an
 * error.
 */
bool list_add(struct list *list, int64_t id, json_t *item, struct error *err);
#endif
