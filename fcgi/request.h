#ifndef KABUTO_REQUEST_H
#define KABUTO_REQUEST_H
/*
 * One call from its first byte to its last: what the web server says of it, its parameters and
 * files, whose it is. A thread has one struct request at a time; request_clear gives all of it
 * back.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "config.h"
#include "error.h"
#include "idempotency.h"
#include "parameter.h"
#include "pool.h"
#include "spool.h"
#include "token.h"
#include "upload.h"
#include "wait.h"

#define PATH_PARTS   8    /* segments of the longest route, and a few */
#define HEADERS_ROOM 2048 /* bytes of headers that one answer adds */

struct FCGX_Request;
struct route;

/*
 * What all threads share. config is another one after a SIGHUP, and the former one stays; pool,
 * spool and waiters look after themselves.
 */
struct server {
	const struct config *_Atomic config;
	bool follows; /* it is of the pool whose calls may wait */
	int stop;     /* an eventfd that can be read as soon as the process is to end */
	struct pool pool;
	struct spool spool;
	struct waiters waiters;
};

struct request {
	struct server *server;
	const struct config
	    *config; /* the server's when the call began: it holds to the call's end */
	struct FCGX_Request *fcgi;
	const char *method; /* HEAD counts as GET */
	char *path;         /* as it was sent, without the query */
	char *decoded;      /* its segments, decoded; parts point into it */
	const char *parts[PATH_PARTS];
	size_t part_count;
	bool deeper;               /* the path has more than PATH_PARTS */
	const struct route *route; /* NULL before it was found */
	int64_t
	    ids[PATH_PARTS]; /* of the route's ":" segments that are ids, in order; -1: no number */
	struct values values;
	struct upload upload;
	struct account account;
	char session[API_TOKEN_TEXT]; /* what it came with, the cookie's value or the API token's */
	int64_t token;                /* the id of the API token; 0: it came with a session */
	struct database *db;          /* while one is borrowed */
	bool changes;                 /* request_change was called: the answer commits */
	bool wake;                    /* the spooler is to look once that has been committed */
	char replaced[NAME_TEXT];     /* a folder of inbox/ that goes then; empty: none */
	int64_t object; /* what the call is about, for its event; 0: the path says it */
	char key[IDEMPOTENCY_KEY_MOST + 1]; /* Idempotency-Key; empty: none */
	struct digest digest;               /* of the call, while it is read */
	unsigned char digest_of_call[DIGEST_BYTES];
	char headers[HEADERS_ROOM];
	bool answered; /* the answer's head is out: no other status can follow */
};

/* Takes the call that fcgi has accepted; no memory is needed yet. */
void request_begin(struct request *req, struct server *server, struct FCGX_Request *fcgi);
void request_clear(struct request *req);

/* A FastCGI parameter ("HTTP_COOKIE", "REMOTE_ADDR"); "" where the web server sends none. */
const char *request_header(const struct request *req, const char *name);

/*
 * Splits the path of REQUEST_URI into decoded parts. False where it cannot be the path of anything
 * here.
 */
bool request_split_path(struct request *req);

/*
 * What the path has from its part number first on, decoded, with its slashes: the caller's to free.
 * NULL: no memory.
 */
char *request_rest(const struct request *req, size_t first);

/* A connection for this request, taken from the pool at the first call; NULL with err set. */
struct database *request_database(struct request *req, struct error *err);
/* Gives it back early: before a body is received, a password hashed, a log followed. */
void request_release_database(struct request *req);

/*
 * The same for a call that changes something: its transaction stays open until its answer, and is
 * committed with the event of its route and the answer of its Idempotency-Key, or not at all.
 */
struct database *request_change(struct request *req, struct error *err);
/* Has the spooler look, as soon as what was changed is committed. */
void request_wake(struct request *req);
/*
 * The commit itself, for response_json: of a success with its answer, else all is undone.
 * ERROR_CONFLICT: another call with the same Idempotency-Key came first.
 */
bool request_settle(struct request *req, int status, const char *answer, struct error *err);

/* Adds an event of a call that only reads, on object; not of a HEAD, which reads nothing. */
bool request_note(struct request *req, const char *action, int64_t object, struct error *err);

/* What an Idempotency-Key stands for, for idempotency_find and _keep; it refers to req. */
struct idempotency request_idempotency(const struct request *req);

/*
 * Whether it comes with an API token, right or wrong: a scheme whose case is of no matter (RFC
 * 9110, section 11.1). A cookie then does not count.
 */
bool request_has_token(const struct request *req);

/*
 * Finds out whose session the cookie names, or whose the API token is: ERROR_UNAUTHORIZED where it
 * is nobody's.
 */
bool request_authenticate(struct request *req, struct error *err);

/* Reads the query and the body into values and upload, as the route's table says. */
bool request_read_parameters(struct request *req, struct error *err);

/*
 * Adds a value by its name, in the form of urlencoded_visit, where context is the request; one that
 * the route does not know is ignored.
 */
bool request_add_value(void *context, const char *name, const char *text, size_t length,
    struct error *err);

/* The parameters' values; text is NULL and a number fallback where it was not given. */
const char *request_text(const struct request *req, const char *name);
int64_t request_number(const struct request *req, const char *name, int64_t fallback);
double request_decimal(const struct request *req, const char *name, double fallback);
bool request_flag(const struct request *req, const char *name);

#endif
