#ifndef KABUTO_RESPONSE_H
#define KABUTO_RESPONSE_H
/*
 * Answers: JSON whole or as it comes, files by the web server.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "queue.h"
#include "request.h"

/* Adds a header line (without its end) to the answer that follows. */
void response_header(struct request *req, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Commits what the call has changed (request_settle), and answers with body, of which the reference
 * is taken. Always true, so that a handler can end with it.
 */
bool response_json(struct request *req, int status, json_t *body);

/* The same, of a body in jansson's pack format. */
bool response_pack(struct request *req, int status, const char *format, ...);

/*
 * Answers with what went wrong: the status that fits err's kind, and its text. What the operator
 * must know is logged, and the connection given back.
 */
void response_failed(struct request *req, const struct error *err);

/* Answers as an earlier call with the same Idempotency-Key was answered; *replayed: there was one.
 */
bool response_replay(struct request *req, bool *replayed, struct error *err);

/* An answer in pieces: its head, then its body as it comes. */
void response_begin(struct request *req, int status, const char *content_type);
/* False: the client is gone, and the rest need not be made. */
bool response_write(struct request *req, const char *data, size_t length);

/*
 * Writes the whole lines of the file fd as a JSON array: each is a JSON value, behind the first of
 * the characters before where that is not NULL. fd is closed; -1 is an empty file.
 */
void response_lines(struct request *req, int fd, const char *before);

/*
 * Has the web server send a file: name in the state directory's folder ("results", "logs"), as
 * content_type; where save_as is not NULL, a browser saves it under that name.
 */
bool response_file(struct request *req, const char *folder, const char *name,
    const char *content_type, const char *save_as);

/*
 * A list that may be long. Without a limit its items go out as they come; with one they are
 * gathered, and where there are more than limit, a Link header (RFC 8288) names the next page.
 */
struct list {
	struct request *req;
	int64_t limit;    /* 0: none */
	json_t *gathered; /* with a limit: an object or an array */
	int64_t last_id;  /* of the items on this page */
	int64_t count;
	struct queue_mark marks[QUEUE_MARKS]; /* of a list of jobs */
	bool more;
	char close; /* the character that ends it */
};
/* An object by ids ('{') or an array ('['). fetch is how many items to ask for. */
void list_begin(struct list *list, struct request *req, char open, int64_t *fetch);
/* Adds an item, of which the reference is taken; id is its key in an object. */
bool list_add(struct list *list, int64_t id, json_t *item, struct error *err);
/* Ends it and answers. To be called on success only; list_clear always. */
bool list_end(struct list *list);
void list_clear(struct list *list);
#define cleanup_list __attribute__((cleanup(list_clear)))

/* "limit" and "after", as every list takes them. */
extern const struct parameter list_parameters[];

/* A time as JSON; null for 0. */
json_t *response_time(int64_t time_ms);

#endif
