#ifndef KABUTO_SENDFORM_H
#define KABUTO_SENDFORM_H
/*
 * A form with files (multipart/form-data, RFC 7578) that is made while it is sent. Its length is
 * known before. One file is open at a time, so that the memory does not depend on the files.
 *
 *     cleanup_sendform struct sendform form = { 0 };
 *     if (!sendform_field(&form, "command", "ls /inbox", &err) ||
 *         !sendform_files(&form, "attachments", &list, &err) ||
 *         !sendform_send(&form, &http, "POST", "/run", key, &answer, &err)) ...
 *
 * The file lists belong to the caller, and must not change until sendform_clear.
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "filelist.h"
#include "http.h"
#include "pathname.h"
#include "progress.h"
#include "repeat.h"

#define SENDFORM_LISTS_MOST   4
#define SENDFORM_BOUNDARY     40 /* bytes, with the NUL */
#define SENDFORM_CONTENT_TYPE (SENDFORM_BOUNDARY + 40)
#define SENDFORM_HEAD         (3 * PATHNAME_MOST + 256)

struct sendform_list {
	const char *name; /* of the field */
	const struct filelist *list;
};

struct sendform {
	char content_type[SENDFORM_CONTENT_TYPE]; /* of the header, without its name */
	int64_t length;                           /* bytes of the body */
	bool quiet;                               /* shows no progress */
	/*
	 * Takes the place of http->stop as soon as all bytes were read once: from then on the
	 * server may act on the form. NULL: http->stop stays.
	 */
	const volatile sig_atomic_t *stop_sent;
	bool sent; /* all bytes were read once, and stay so if the form is sent again */
	bool lost; /* the server may have the whole form, and its answer did not come */

	/* The rest is the form's own. */
	char boundary[SENDFORM_BOUNDARY];
	char *fields; /* the text fields, as they are sent */
	size_t fields_length, fields_room;
	struct sendform_list lists[SENDFORM_LISTS_MOST];
	size_t lists_count;

	/* Where reading is: */
	size_t list, entry; /* the next file */
	const char *text;   /* the bytes before or after a file; they point to head or fields */
	size_t text_left;
	char head[SENDFORM_HEAD];
	int file;          /* the descriptor of the file that is being sent, or -1 */
	int64_t file_left; /* bytes of it */
	int64_t offset;    /* bytes that were read */
	bool ended;        /* text has the last boundary */

	struct http *http; /* that sends the form; NULL: none */
	struct progress progress;
	struct repeat repeat;
};

/*
 * Adds a text field. Call it before sendform_begin. Copies both texts. ERROR_INPUT: the name is
 * longer than 64 bytes, or has a quote or a line end.
 */
bool sendform_field(struct sendform *form, const char *name, const char *value, struct error *err);

/* Adds the files of a finished list, each as a field of this name, which must stay. Errors: as
 * above. */
bool sendform_files(struct sendform *form, const char *name, const struct filelist *list,
    struct error *err);

/* Sets length and content_type, and goes to the beginning. */
bool sendform_begin(struct sendform *form, struct error *err);

/*
 * Gives the next bytes, as read of struct http_request: context is a struct sendform. Returns 0 at
 * the end. Returns -1 with err if a file cannot be read or has changed since it was listed.
 */
ssize_t sendform_read(void *context, char *to, size_t size, struct error *err);

/* Goes back to the beginning, as rewind of struct http_request. */
bool sendform_rewind(void *context, struct error *err);

/*
 * Sends the form by POST or PUT, and shows the progress. If the connection is cut, or the server
 * restarts or is busy, it sends the form again with the same key, so that nothing is done twice; it
 * gives up when nothing could be sent for a minute. key: of http_make_key; NULL for a PUT. *answer
 * gets the JSON, which the caller decrefs. An error is the server's words, also where it refuses
 * the form in the middle.
 */
bool sendform_send(struct sendform *form, struct http *http, const char *method, const char *path,
    const char *key, json_t **answer, struct error *err);

void sendform_clear(struct sendform *form);
#define cleanup_sendform __attribute__((cleanup(sendform_clear)))

#endif
