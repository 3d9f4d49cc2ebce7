#ifndef KABUTO_REQUEST_H
#define KABUTO_REQUEST_H
/*
 * What came: a call's method, path, parameters and files, and who calls. A thread has one struct
 * request at a time; request_clear gives all of it back.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "config.h"
#include "digest.h"
#include "error.h"
#include "idempotency.h"
#include "parameter.h"
#include "pool.h"
#include "spool.h"
#include "token.h"
#include "upload.h"
#include "waiters.h"

#define REQUEST_PARTS 8 /* segments of the longest route, and a few */

struct FCGX_Request;
struct route;

/*
 * What all threads share. A SIGHUP replaces config, and the former one stays valid. pool, spool and
 * waiters have their own locks.
 */
struct server {
	const struct config *_Atomic config;
	bool follows; /* it is of the pool whose calls may wait */
	int stop;     /* an eventfd that can be read as soon as the process must end */
	struct pool pool;
	struct spool spool;
	struct waiters waiters;
};

/* The path, as it was sent and in parts. */
struct path {
	char *text;    /* without the query */
	char *decoded; /* its segments, decoded; parts point into it */
	const char *parts[REQUEST_PARTS];
	size_t count;
	bool deeper; /* the path has more than REQUEST_PARTS segments */
};

/* Who calls. */
struct caller {
	struct account account;
	char session[API_TOKEN_TEXT]; /* what the call came with: the cookie's or the token's value
				       */
	int64_t token;                /* the id of the API token; 0: it came with a session */
};

/* The Idempotency-Key, and what tells its call from another one. */
struct key {
	char text[IDEMPOTENCY_KEY_MOST + 1]; /* empty: none */
	struct digest digest;                /* of the call, while it is read */
	unsigned char of_call[DIGEST_BYTES];
};

/* What the commit does besides committing (commit.h). */
struct change {
	bool begun;
	bool wake;                /* the spooler polls after it */
	int64_t object;           /* what the call is about, for its event; 0: the path says it */
	char replaced[NAME_TEXT]; /* a folder of inbox/ that is removed after it; empty: none */
};

struct request {
	struct server *server;
	const struct config *config; /* the server's when the call began, until its end */
	struct FCGX_Request *fcgi;
	const char *method;        /* a HEAD's is "GET" */
	const struct route *route; /* NULL before it was found */
	struct path path;
	struct values values;
	struct upload upload;
	struct caller caller;
	struct key key;
	struct change change;
	struct database *db; /* while one is borrowed */
};

/* Takes the call that fcgi has accepted. It needs no memory yet. */
void request_begin(struct request *req, struct server *server, struct FCGX_Request *fcgi);
void request_clear(struct request *req);

/* A FastCGI parameter ("HTTP_COOKIE", "REMOTE_ADDR"); "" if the web server sends none. */
const char *request_header(const struct request *req, const char *name);

/* Whether it is a HEAD. */
bool request_is_head(const struct request *req);

/* Splits the path of REQUEST_URI into decoded parts. ERROR_NOT_FOUND: it is no path of ours. */
bool request_read_path(struct request *req, struct error *err);

/*
 * Parts of the path, by the names that the route gives them: the id of ":job" (-1: the part is no
 * id; 0: the route has no such part), the text of "*login" or ":after" (NULL: no such part).
 */
int64_t request_id(const struct request *req, const char *name);
const char *request_word(const struct request *req, const char *name);

/* What the path has for "**name": decoded, with its slashes. The caller frees it. NULL: no memory.
 */
char *request_rest(const struct request *req, const char *name);

/* A connection for this request, taken from the pool at the first call; NULL with err set. */
struct database *request_database(struct request *req, struct error *err);
/*
 * Gives the connection back before the request's end, and undoes what is not committed: before a
 * body is received, a password is hashed, a log is followed.
 */
void request_release_database(struct request *req);

/*
 * Adds a value by its name. context is the request, as urlencoded_visit has it. A name that the
 * route does not know is ignored.
 */
bool request_add_value(void *context, const char *name, const char *text, size_t length,
    struct error *err);

/* The parameters' values. Without one: NULL, the fallback, or false. */
const char *request_text(const struct request *req, const char *name);
int64_t request_number(const struct request *req, const char *name, int64_t fallback);
double request_decimal(const struct request *req, const char *name, double fallback);
bool request_flag(const struct request *req, const char *name);

#endif
