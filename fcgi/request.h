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
#include "parameter.h"
#include "pool.h"
#include "spool.h"
#include "upload.h"

#define PATH_PARTS   8    /* segments of the longest route, and a few */
#define HEADERS_ROOM 2048 /* bytes of headers that one answer adds */

struct FCGX_Request;
struct route;

/*
 * What all threads share. config is another one after a SIGHUP, and the former one stays; pool and
 * spool look after themselves.
 */
struct server {
	const struct config *_Atomic config;
	int stop; /* an eventfd that can be read as soon as the process is to end */
	struct pool pool;
	struct spool spool;
};

struct request {
	struct server *server;
	struct FCGX_Request *fcgi;
	const char *method; /* HEAD counts as GET */
	char *path;         /* as it was sent, without the query */
	char *decoded;      /* its segments, decoded; parts point into it */
	const char *parts[PATH_PARTS];
	size_t part_count;
	const struct route *route; /* NULL before it was found */
	int64_t
	    ids[PATH_PARTS]; /* of the route's ":" segments that are ids, in order; -1: no number */
	struct values values;
	struct upload upload;
	struct account account;
	char session[TOKEN_TEXT]; /* the cookie's token; empty: none */
	struct database *db;      /* while one is borrowed */
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

/* A connection for this request, taken from the pool at the first call; NULL with err set. */
struct database *request_database(struct request *req, struct error *err);
/* Gives it back early: before a body is received, a password hashed, a log followed. */
void request_release_database(struct request *req);

/* Finds out whose session the cookie names: ERROR_UNAUTHORIZED where it names none. */
bool request_authenticate(struct request *req, struct error *err);

/* Reads the query and the body into values and upload, as the route's table says. */
bool request_read_parameters(struct request *req, struct error *err);

/*
 * Reads and drops what is left of the body, up to a few MiB: an answer that comes before its body
 * was read would have the web server close the connection under a client that still sends.
 */
void request_drain(struct request *req);

/* The parameters' values; text is NULL and a number fallback where it was not given. */
const char *request_text(const struct request *req, const char *name);
int64_t request_number(const struct request *req, const char *name, int64_t fallback);
double request_decimal(const struct request *req, const char *name, double fallback);
bool request_flag(const struct request *req, const char *name);

#endif
