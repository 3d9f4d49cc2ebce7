#ifndef KABUTO_RESPONSE_H
#define KABUTO_RESPONSE_H
/*
 * Builds and sends the response to a call: a status with a JSON value, a file that the web server
 * sends, or a stream that a function writes. The handler chooses one; serve.c commits, then sends
 * it.
 */
#include <jansson.h>
#include <limits.h>
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
	struct request *req; /* the call that is answered */
	int status;
	char headers[RESPONSE_HEADERS];
	const char *type;
	const char
	    *security; /* the header lines that tell a browser what it may do with the body */
	char *text;    /* the whole body; NULL: a writer or the web server sends it */
	response_writer *write;
	const void *context; /* for the writer */
	bool sent;           /* the head was sent: the status cannot change any more */
};

void response_begin(struct response *res, struct request *req);
void response_clear(struct response *res);

/* Adds a header line; format must not contain the line's end. */
void response_header(struct response *res, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Writes the head of a response, and the empty line after it, as FastCGI has it. security: NULL
 * means that it is no web page. Returns its length.
 */
#define RESPONSE_HEAD (RESPONSE_HEADERS + 1024)
size_t response_format_head(char head[static RESPONSE_HEAD], int status, const char *type,
    const char *security, const char *headers);

/* Removes all headers that were added. */
void response_drop_headers(struct response *res);

/*
 * Answers with a JSON value, and takes the reference to body. If body is NULL, it sets err to "no
 * memory" and returns false.
 */
bool response_json(struct response *res, int status, json_t *body, struct error *err);
/* The same for a body in jansson's pack format. */
bool response_pack(struct response *res, struct error *err, int status, const char *format, ...);
/* Answers with text, which must be JSON. The text is copied. */
bool response_text(struct response *res, int status, const char *text, struct error *err);

/* Answers with an empty body of this content type. Always true. */
bool response_empty(struct response *res, const char *type);

/* Answers with 302 and an empty body. Always true. */
bool response_redirect(struct response *res, const char *to);

/*
 * Answers with a body that write produces; context is for write. Always true. A call that changes
 * something must not use this: write runs after the commit, and could fail.
 */
bool response_stream(struct response *res, const char *type, response_writer *write,
    const void *context);

/*
 * Writes the header line that makes the web server send the file name from the state directory's
 * folder. software is the call's SERVER_SOFTWARE.
 */
#define RESPONSE_FILE (PATH_MAX + 64)
void response_format_file(char line[static RESPONSE_FILE], const char *software,
    const struct config *config, const char *folder, const char *name);

/*
 * Makes the web server send the file name from the state directory's folder ("results", "logs").
 * type is its content type. If save_as is not NULL, a browser saves the file under that name.
 * Always true.
 */
bool response_file(struct response *res, const char *folder, const char *name, const char *type,
    const char *save_as);

/*
 * Answers with an error: the status for err's kind, and its text. Logs errors that the operator
 * must know. Headers that were added stay.
 */
void response_error(struct response *res, const struct error *err);

/* Logs an error that the operator must know, for a response whose head was sent already. */
void response_log_error(const struct response *res, const struct error *err);

/* Sends the response. False, with err set: a writer failed. If !res->sent, err must be answered. */
bool response_send(struct response *res, struct error *err);

/* Returns a value as JSON text, which the caller frees. NULL: no memory. */
char *response_dump(const json_t *value);

/* Sends bytes of the body. The first call sends the head before. False: the client is gone. */
bool response_write(struct response *res, const char *data, size_t length);
/* Writes a value as JSON. False: the client is gone, or no memory. */
bool response_value(struct response *res, const json_t *value);
/*
 * Writes the complete lines of the file fd, without the first `after` ones, as a JSON array. Each
 * line is a JSON value. If before is
 * not NULL, the value begins after the first character of the line that is in before. Closes fd; -1
 * means an empty file. If reading fails, the array is not closed, and the log has the reason.
 */
void response_lines(struct response *res, int fd, int64_t after, const char *before);

/*
 * Returns a time (ms since 1970) as a JSON string, or null for 0. The caller owns it. NULL: no
 * memory.
 */
json_t *response_time(int64_t time_ms);

#endif
