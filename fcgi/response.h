#ifndef KABUTO_RESPONSE_H
#define KABUTO_RESPONSE_H
/*
 * What is answered: a status with a JSON value, a file that the web server sends, or a stream that
 * is written as it comes. A handler says which one; serve.c commits, and then sends it.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "request.h"

#define JSON_TYPE        "application/json; charset=utf-8"
#define RESPONSE_HEADERS 2048 /* bytes of headers that one response adds */

struct response;

/*
 * Writes the body of a response with response_write. It may still change the status and add headers
 * before the first write. If it returns false before that, err is answered instead.
 */
typedef bool response_writer(struct request *req, struct response *res, struct error *err);

struct response {
	struct request *req; /* whose output it goes to */
	int status;
	char headers[RESPONSE_HEADERS];
	const char *type;
	char *text; /* a whole body; NULL: there is a writer, or the web server sends it */
	response_writer *write;
	const void *context; /* the writer's own */
	bool sent;           /* its head is out: no other status can follow */
};

void response_begin(struct response *res, struct request *req);
void response_clear(struct response *res);

/* Adds a header line (without its end). */
void response_header(struct response *res, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Takes back all headers that were added. */
void response_drop_headers(struct response *res);

/*
 * Answers with a JSON value; takes the reference to body. NULL means that there was no memory to
 * make it: an error.
 */
bool response_json(struct response *res, int status, json_t *body, struct error *err);
/* The same for a body in jansson's pack format. */
bool response_pack(struct response *res, struct error *err, int status, const char *format, ...);
/* Answers with a text in JSON, which is copied. */
bool response_text(struct response *res, int status, const char *text, struct error *err);

/*
 * Has the body be written by write, which finds context in res. Always true. A call that changes
 * something cannot have one, since its body would not be there at the commit.
 */
bool response_stream(struct response *res, const char *type, response_writer *write,
    const void *context);

/*
 * Has the web server send a file: name in the state directory's folder ("results", "logs"), as that
 * type. If save_as is not NULL, a browser saves it under that name. Always true.
 */
bool response_file(struct response *res, const char *folder, const char *name, const char *type,
    const char *save_as);

/*
 * Answers with an error: the status that fits err's kind, and its text. What the operator must know
 * is logged. Headers that were added stay.
 */
void response_error(struct response *res, const struct error *err);

/* Sends the response. False, with err set: nothing was sent, and err must be answered. */
bool response_send(struct response *res, struct error *err);

/* For a writer. Sends the head before the first bytes. False: the client is gone. */
bool response_write(struct response *res, const char *data, size_t length);
/* Writes a value as JSON. False: the client is gone, or there is no memory. */
bool response_value(struct response *res, const json_t *value);
/*
 * Writes the whole lines of the file fd as a JSON array. Each line is a JSON value; if before is
 * not NULL, the value follows the first of its characters. Closes fd; -1 is an empty file. If the
 * file cannot be read to its end, the array has no end either, and the log says why.
 */
void response_lines(struct response *res, int fd, const char *before);

/* A time (ms since 1970) as JSON; null for 0. */
json_t *response_time(int64_t time_ms);

#endif
