#ifndef KABUTO_RESPONSE_H
#define KABUTO_RESPONSE_H
/*
 * Answers: JSON whole or as it comes, files by the web server.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "request.h"

#define JSON_TYPE "application/json; charset=utf-8"

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
/* A value as JSON; false: the client is gone, or there was no memory for it. */
bool response_value(struct request *req, const json_t *value);

/*
 * Writes the whole lines of the file fd as a JSON array: each is a JSON value, behind the first of
 * the characters before where that is not NULL. fd is closed; -1 is an empty file. Where it cannot
 * be read to its end, the array has no end either, and the log says why.
 */
void response_lines(struct request *req, int fd, const char *before);

/*
 * Has the web server send a file: name in the state directory's folder ("results", "logs"), as
 * content_type; where save_as is not NULL, a browser saves it under that name.
 */
bool response_file(struct request *req, const char *folder, const char *name,
    const char *content_type, const char *save_as);

/* A time as JSON; null for 0. */
json_t *response_time(int64_t time_ms);

#endif
