/*
 * Makes the body of a form piece by piece: the fields, then head, content and end of each file.
 */
#include "sendform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "take.h"
#include "utf8.h"

#define FIELD_MOST    64 /* bytes of a field's name */
#define LAST_BOUNDARY "--%s--\r\n"
#define MOVED_LEAST   (16 * 1024 * 1024) /* bytes from which on a cut upload counts as moved */
#define CUTS_MOST     20                 /* of such uploads; each sends all files again */
#define STORING_S     600                /* the server may be silent while it flushes its disk */

static bool
sendform_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "make the form: not enough memory");
}

/* Makes a boundary, unless there is one. */
static void
sendform_make_boundary(struct sendform *form)
{
	char key[HTTP_KEY];

	if (form->boundary[0] != '\0')
		return;
	form->file = -1;
	http_make_key(key);
	snprintf(form->boundary, sizeof form->boundary, "kabuto-%s", key);
	snprintf(form->content_type, sizeof form->content_type, "multipart/form-data; boundary=%s",
	    form->boundary);
}

/* Whether a field's name can stand between quotes, and the head of a file with it in form->head. */
static bool
sendform_check_field(const char *name, struct error *err)
{
	return (strlen(name) <= FIELD_MOST && strpbrk(name, "\"\r\n") == NULL) ||
	    error_set(err, ERROR_INPUT,
		"'%.64s': the name of a form's field has at most %d bytes, no quotes and no line ends",
		name, FIELD_MOST);
}

bool
sendform_field(struct sendform *form, const char *name, const char *value, struct error *err)
{
	size_t length, room;
	char *fields;

	if (!sendform_check_field(name, err))
		return false;
	sendform_make_boundary(form);
	length = strlen(form->boundary) + strlen(name) + strlen(value) + 64;
	room = form->fields_length + length;
	fields = room > form->fields_room ? realloc(form->fields, 2 * room) : form->fields;
	if (fields == NULL)
		return sendform_no_memory(err);
	if (room > form->fields_room)
		form->fields_room = 2 * room;
	form->fields = fields;
	form->fields_length += (size_t)snprintf(fields + form->fields_length, length,
	    "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", form->boundary,
	    name, value);
	return true;
}

bool
sendform_files(struct sendform *form, const char *name, const struct filelist *list,
    struct error *err)
{
	if (!sendform_check_field(name, err))
		return false;
	sendform_make_boundary(form);
	if (form->lists_count == SENDFORM_LISTS_MOST)
		return error_set(err, ERROR_SYSTEM, "make the form: it has too many lists");
	form->lists[form->lists_count++] = (struct sendform_list){ name, list };
	return true;
}

/*
 * Whether a file name reaches the server as it is in filename="...": servers take \" and \\ for one
 * character (RFC 9110, section 5.6.4), %22, %0A and %0D for what browsers escape (WHATWG HTML,
 * section 4.10.21.8), and =?...?= for an encoded word (RFC 2047).
 */
static bool
sendform_name_is_plain(const char *name)
{
	return strpbrk(name, "\"\\%") == NULL && strncmp(name, "=?", 2) != 0;
}

/* Writes the parameter filename, or filename* (RFC 8187) for a name that is not plain. */
static size_t
sendform_write_name(char *to, size_t size, const char *name)
{
	size_t length;

	if (sendform_name_is_plain(name))
		return (size_t)snprintf(to, size, "filename=\"%s\"", name);
	length = (size_t)snprintf(to, size, "filename*=utf-8''");
	for (; *name != '\0'; name++)
		length += (size_t)snprintf(to + length, size - length,
		    strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/",
			*name) != NULL
			? "%c"
			: "%%%02X",
		    (unsigned char)*name);
	return length;
}

/* Writes what comes before a file's content. Returns its length. */
static size_t
sendform_write_head(char head[static SENDFORM_HEAD], const struct sendform *form, const char *field,
    const char *name)
{
	size_t length = (size_t)snprintf(head, SENDFORM_HEAD,
	    "--%s\r\nContent-Disposition: form-data; name=\"%s\"; ", form->boundary, field);

	length += sendform_write_name(head + length, SENDFORM_HEAD - length, name);
	return length +
	    (size_t)snprintf(head + length, SENDFORM_HEAD - length,
		"\r\nContent-Type: application/octet-stream\r\n\r\n");
}

bool
sendform_begin(struct sendform *form, struct error *err)
{
	sendform_make_boundary(form);
	form->length = (int64_t)(form->fields_length + strlen(form->boundary) + strlen("----\r\n"));
	for (size_t i = 0; i < form->lists_count; i++) {
		const struct filelist *list = form->lists[i].list;

		form->length += list->size;
		for (size_t at = 0; at < list->count; at++)
			form->length +=
			    (int64_t)(sendform_write_head(form->head, form, form->lists[i].name,
					  filelist_name(list, at)) +
				strlen("\r\n"));
	}
	return sendform_rewind(form, err);
}

static void
sendform_close_file(struct sendform *form)
{
	if (form->file >= 0)
		(void)close(take_fd(&form->file));
}

bool
sendform_rewind(void *context, struct error *err)
{
	struct sendform *form = context;

	(void)err;
	sendform_close_file(form);
	form->list = form->entry = 0;
	form->offset = 0;
	form->text = form->fields;
	form->text_left = form->fields_length;
	form->ended = false;
	return true;
}

/* Sets the error for a file of the form: "'<path>' <text>". */
static bool
sendform_refuse(const char *path, const char *text, struct error *err)
{
	char shown[256];

	return error_set(err, ERROR_CONFLICT, "'%s' %s", utf8_show(path, shown, sizeof shown),
	    text);
}

static bool
sendform_failed(const char *path, struct error *err)
{
	char shown[256];

	return error_errno(err, "read '%s', nothing was kept of the upload",
	    utf8_show(path, shown, sizeof shown));
}

/* Whether the open file is still as it was listed. */
static bool
sendform_check_file(struct sendform *form, const struct filelist *list, size_t entry,
    struct error *err)
{
	const struct filelist_entry *listed = &list->entries[entry];
	struct stat st;

	if (fstat(form->file, &st) < 0)
		return sendform_failed(filelist_path(list, entry), err);
	return (S_ISREG(st.st_mode) && st.st_size == listed->size &&
		   st.st_mtim.tv_sec == listed->time.tv_sec &&
		   st.st_mtim.tv_nsec == listed->time.tv_nsec) ||
	    sendform_refuse(filelist_path(list, entry),
		"changes while it is sent, so that nothing was kept of the upload: run the command "
		"again when nothing writes to the file",
		err);
}

/* Goes to the next file, or to the end. */
static bool
sendform_next(struct sendform *form, struct error *err)
{
	const struct filelist *list;

	while (form->list < form->lists_count &&
	    form->entry == form->lists[form->list].list->count) {
		form->list++;
		form->entry = 0;
	}
	form->text = form->head;
	if (form->list == form->lists_count) {
		form->text_left =
		    (size_t)snprintf(form->head, sizeof form->head, LAST_BOUNDARY, form->boundary);
		form->ended = true;
		return true;
	}
	list = form->lists[form->list].list;
	form->file = open(filelist_path(list, form->entry), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (form->file < 0)
		return sendform_failed(filelist_path(list, form->entry), err);
	if (!sendform_check_file(form, list, form->entry, err))
		return false;
	form->file_left = list->entries[form->entry].size;
	form->text_left = sendform_write_head(form->head, form, form->lists[form->list].name,
	    filelist_name(list, form->entry));
	return true;
}

/* Reads from the open file. Returns as sendform_read; 0: its end was reached. */
static ssize_t
sendform_read_file(struct sendform *form, char *to, size_t size, struct error *err)
{
	const struct filelist *list = form->lists[form->list].list;
	ssize_t length = 0;

	if ((int64_t)size > form->file_left)
		size = (size_t)form->file_left;
	while (size > 0 && (length = read(form->file, to, size)) < 0 && errno == EINTR)
		continue;
	if (length < 0) {
		(void)sendform_failed(filelist_path(list, form->entry), err);
		return -1;
	}
	form->file_left -= length;
	if (length > 0)
		return length;
	/* The end, or the file has become shorter, which its size tells. */
	if (!sendform_check_file(form, list, form->entry, err))
		return -1;
	sendform_close_file(form);
	form->entry++;
	form->text = "\r\n";
	form->text_left = strlen("\r\n");
	return 0;
}

/* Remembers that the server may have the whole form. */
static void
sendform_note_sent(struct sendform *form)
{
	form->sent = true;
	if (form->http != NULL && form->stop_sent != NULL)
		form->http->stop = form->stop_sent;
}

ssize_t
sendform_read(void *context, char *to, size_t size, struct error *err)
{
	struct sendform *form = context;
	size_t filled = 0;

	/* What the buffers on the way hold may have reached nobody. */
	if (form->offset >= MOVED_LEAST)
		repeat_moved(&form->repeat);
	while (filled < size) {
		if (form->text_left > 0) {
			size_t length =
			    size - filled < form->text_left ? size - filled : form->text_left;

			memcpy(to + filled, form->text, length);
			form->text += length;
			form->text_left -= length;
			filled += length;
		} else if (form->file >= 0) {
			ssize_t length = sendform_read_file(form, to + filled, size - filled, err);

			if (length < 0)
				return -1;
			filled += (size_t)length;
		} else if (form->ended) {
			break;
		} else if (!sendform_next(form, err)) {
			return -1;
		}
	}
	form->offset += (int64_t)filled;
	if (form->ended && form->text_left == 0)
		sendform_note_sent(form);
	return (ssize_t)filled;
}

static void
sendform_progress(void *context, int64_t sent, int64_t sent_total, int64_t got, int64_t got_total)
{
	struct sendform *form = context;

	(void)got;
	(void)got_total;
	progress_show(&form->progress, sent, sent_total);
}

static bool
sendform_transfer(struct sendform *form, struct http *http, const struct http_request *request,
    bool *connected, json_t **answer, struct error *err)
{
	cleanup_http_answer struct http_answer got = { 0 };
	bool done = sendform_rewind(form, err) && http_transfer(http, request, &got, err);

	*connected = got.connected;
	progress_end(&form->progress);
	if (!done)
		return false;
	*answer =
	    json_loadb(got.body != NULL ? got.body : "", got.body_length, JSON_DECODE_ANY, NULL);
	return *answer != NULL ||
	    error_set(err, ERROR_SYSTEM, "the server's answer is not JSON: check the URL %s",
		http->settings.url);
}

/* Remembers that the server may have carried out the call. Always true. */
static bool
sendform_note_lost(struct sendform *form, const struct error *err)
{
	if (form->sent && (err->kind == ERROR_AWAY || err->kind == ERROR_BUSY))
		form->lost = true;
	return true;
}

bool
sendform_send(struct sendform *form, struct http *http, const char *method, const char *path,
    const char *key, json_t **answer, struct error *err)
{
	struct http_request request = { .method = method,
		.path = path,
		.idempotency_key = key,
		.read = sendform_read,
		.rewind = sendform_rewind,
		.progress = sendform_progress,
		.context = form,
		.silent_s = STORING_S };
	bool connected = false, done;
	int cuts = 0;

	if (!sendform_begin(form, err))
		return false;
	request.content_type = form->content_type;
	request.length = form->length;
	repeat_begin(&form->repeat);
	form->http = http;
	progress_begin(&form->progress, "sending", form->quiet);
	while (!(done = sendform_transfer(form, http, &request, &connected, answer, err)) &&
	    sendform_note_lost(form, err) && (form->offset < MOVED_LEAST || cuts++ < CUTS_MOST) &&
	    repeat_after(&form->repeat, http, connected, err))
		continue;
	return done;
}

void
sendform_clear(struct sendform *form)
{
	if (form->boundary[0] != '\0')
		sendform_close_file(form);
	free(form->fields);
	*form = (struct sendform){ 0 };
}
