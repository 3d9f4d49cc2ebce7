#ifndef KABUTO_REQUEST_H
#define KABUTO_REQUEST_H
/*
 * Holds a call: its method, path, parameters and files, and the account that makes it. A thread has
 * one struct request at a time. request_clear frees all of it.
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

#define REQUEST_PARTS 8 /* more segments than the longest route has */

struct FCGX_Request;
struct route;
struct stream;
struct streams;

/*
 * The data that all threads share. A SIGHUP replaces config; the former one stays valid. pool,
 * spool, waiters and streams contain their own locks.
 */
struct server {
	const struct config *_Atomic config;
	bool follows;      /* this process is in the pool "follow", in which calls may wait */
	bool streams_here; /* in the pools "follow" and "upload", in which calls may become streams
			    */
	int stop;          /* an eventfd; it becomes readable when the process must stop */
	struct pool pool;
	struct spool spool;
	struct waiters waiters;
	struct waiters streams_open; /* counts the accounts' streams */
	struct streams *streams;     /* the thread of streams; NULL: there was no stream yet */
};

/* The path, as it was sent and split into parts. */
struct path {
	char *text;    /* without the query */
	char *decoded; /* its segments, decoded; parts point into it */
	const char *parts[REQUEST_PARTS];
	size_t count;
	bool deeper; /* the path has more than REQUEST_PARTS segments */
};

/* The account that makes the call. */
struct caller {
	struct account account;
	char session[API_TOKEN_TEXT]; /* the value of the session's cookie or of the API token */
	int64_t token;                /* the id of the API token; 0: the call has a session */
};

/* The Idempotency-Key, and the digest that tells its call from other calls. */
struct key {
	char text[IDEMPOTENCY_KEY_MOST + 1]; /* empty: none */
	struct digest digest;                /* grows while the call is read */
	unsigned char of_call[DIGEST_BYTES]; /* the finished digest */
};

/* Actions at the commit (commit.h). */
struct change {
	bool begun;               /* the call has an open transaction */
	bool wake;                /* wake the spooler afterwards */
	int64_t object;           /* the object of the event; 0: the last id in the path */
	char replaced[NAME_TEXT]; /* the folder of inbox/ to remove afterwards; empty: none */
};

struct request {
	struct server *server;
	const struct config *config; /* the server's at the call's begin; it stays until its end */
	struct FCGX_Request *fcgi;
	const char *method;        /* "GET" for a HEAD, too */
	const struct route *route; /* NULL until it is found */
	struct path path;
	struct values values;
	struct upload upload;
	struct caller caller;
	struct key key;
	struct change change;
	bool stream_counted;   /* among streams_open, for a stream that is not made yet */
	struct stream *stream; /* takes the connection over after the head; NULL: none */
	struct database *db;   /* a connection from the pool; NULL: none is taken */
};

/* Begins with the call that fcgi has accepted. It cannot fail. request_clear must follow. */
void request_begin(struct request *req, struct server *server, struct FCGX_Request *fcgi);
void request_clear(struct request *req);

/*
 * Returns a FastCGI parameter ("HTTP_COOKIE", "REMOTE_ADDR"); "" if the web server did not send it.
 */
const char *request_header(const struct request *req, const char *name);

/* Returns whether the method is HEAD. */
bool request_is_head(const struct request *req);

/*
 * Splits the path of REQUEST_URI into decoded parts. ERROR_NOT_FOUND: no route can have this path.
 */
bool request_read_path(struct request *req, struct error *err);

/*
 * Return a part of the path by its name in the route. request_id returns the id of ":job" (-1: the
 * part is not an id; 0: the route has no such part). request_word returns the text of "*login" or
 * ":after" (NULL: the route has no such part).
 */
int64_t request_id(const struct request *req, const char *name);
const char *request_word(const struct request *req, const char *name);

/* Returns the decoded text for "**name", with its slashes. The caller frees it. NULL: no memory. */
char *request_rest(const struct request *req, const char *name);

/*
 * Returns this request's connection. The first call takes it from the pool. NULL: failed, err is
 * set.
 */
struct database *request_database(struct request *req, struct error *err);
/*
 * Gives the connection back to the pool and rolls back uncommitted changes. Must be called before a
 * request waits or works for long: to receive a body, hash a password, or follow a log.
 */
void request_release_database(struct request *req);

/* Return a parameter's value. If it was not given: NULL, fallback, or false. */
const char *request_text(const struct request *req, const char *name);
int64_t request_number(const struct request *req, const char *name, int64_t fallback);
double request_decimal(const struct request *req, const char *name, double fallback);
bool request_flag(const struct request *req, const char *name);

/*
 * Sets *to to a JSON array of all texts of a parameter, or to NULL if it was given as an empty
 * list, after freeing its former text. *to stays if the parameter was not given.
 */
bool request_pairs(const struct request *req, const char *name, char **to, struct error *err);

#endif
