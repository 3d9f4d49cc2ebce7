#ifndef KABUTO_LIST_H
#define KABUTO_LIST_H
/*
 * Answers with many items. They go out as they come; but where a call asks for a page ("limit"),
 * its items are gathered, and where there are more, a Link header (RFC 8288) names the next page.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "parameter.h"
#include "queue.h"

struct request;

struct list {
	struct request *req;
	int64_t after;    /* only items with greater ids are wanted */
	int64_t fetch;    /* how many items to ask for: one more than a page has */
	int64_t limit;    /* of a page; 0: all go out as they come */
	json_t *gathered; /* with a limit: an object or an array */
	int64_t last_id;  /* of the items on this page */
	int64_t count;
	struct queue_mark marks[QUEUE_MARKS]; /* of a list of jobs */
	bool more;
	char close; /* the character that ends it */
};

/* "limit" and "after", as every list takes them; and of one that takes nothing else. */
#define LIST_PARAMETERS                                                                            \
	{ .name = "limit", .type = PARAMETER_NUMBER, .least = 1, .most = 1000 },                   \
	{                                                                                          \
		.name = "after", .type = PARAMETER_ID                                              \
	}
extern const struct parameter list_parameters[];

/* Begins an object by ids ('{') or an array ('['). */
void list_begin(struct list *list, struct request *req, char open);

/* The same for a call that may ask for a page. */
bool list_begin_page(struct list *list, struct request *req, char open, struct error *err);

/* Adds an item, of which the reference is taken; id is its key in an object. */
bool list_add(struct list *list, int64_t id, json_t *item, struct error *err);

/* Ends it and answers. To be called on success only; list_clear always. */
bool list_end(struct list *list);
void list_clear(struct list *list);
#define cleanup_list __attribute__((cleanup(list_clear)))

#endif
