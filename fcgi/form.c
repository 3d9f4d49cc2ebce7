/*
 * Adds a form's fields to a request. Only texts are held in memory, and they have limits; files go
 * to the disk as they come.
 */
#include "form.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "request.h"
#include "route.h"

#define FIELDS_MOST 100000 /* parts of a multipart body that are no files */

bool
form_check_unknown(const struct request *req, const char *name, struct error *err)
{
	return (req->route->flags & STRICT) == 0 ||
	    fieldname_unknown(req->route->parameters, name, err);
}

/*
 * Adds a text. Browsers send empty fields too; they count as not given, unless a text may be empty.
 */
static bool
form_add_text(struct request *req, const struct fieldname *field, const char *text, size_t length,
    struct error *err)
{
	const struct parameter *p = field->parameter;
	bool left_empty = length == 0 && field->key_length == 0 && !p->required &&
	    p->type != PARAMETER_TEXT && p->type != PARAMETER_PATH;

	return left_empty || fieldname_add(&req->values, field, text, length, err);
}

/*
 * Adds a text with LF for each CRLF. Browsers end the lines of every text with CRLF (HTML standard,
 * section 4.10.22.8), and a shell takes the CR for a part of its last word. Files stay as they are.
 */
static bool
form_add_lines(struct request *req, const struct fieldname *field, const char *text, size_t length,
    struct error *err)
{
	cleanup_free char *lines = NULL;
	size_t count = 0;

	if (field->parameter->exact || memmem(text, length, "\r\n", 2) == NULL)
		return form_add_text(req, field, text, length, err);
	lines = malloc(length);
	if (lines == NULL)
		return error_set(err, ERROR_SYSTEM, "read the parameters: not enough memory");
	for (size_t i = 0; i < length; i++)
		if (text[i] != '\r' || i + 1 == length || text[i + 1] != '\n')
			lines[count++] = text[i];
	return form_add_text(req, field, lines, count, err);
}

bool
form_add_field(void *context, const char *name, const char *text, size_t length, struct error *err)
{
	struct request *req = context;
	const struct fieldname field = fieldname_find(req->route->parameters, name);

	return field.parameter == NULL ? form_check_unknown(req, name, err)
				       : form_add_lines(req, &field, text, length, err);
}

/*
 * Returns whether the user chose no file in a form's file field. A browser then sends a part with
 * an empty file name and no bytes.
 */
static bool
form_nothing_chosen(const struct form *form)
{
	return form->file && form->part->filename[0] == '\0';
}

/* Checks the field of a part that is a file. */
static bool
form_check_file(const struct form *form, struct error *err)
{
	const struct parameter *p = form->field.parameter;

	if (form_nothing_chosen(form))
		return true;
	if (p == NULL)
		return fieldname_unknown_file(form->req->route->parameters, form->part->name, err);
	if (p->type != PARAMETER_FILES && !p->file)
		return error_set(err, ERROR_INPUT,
		    "%s: must be a text, not a file (curl: -F '%s=<path' sends a file's text)",
		    p->name, p->name);
	return true;
}

static bool
form_part_begin(void *context, const struct multipart_part *part, struct error *err)
{
	struct form *form = context;
	struct request *req = form->req;
	const struct parameter *p;

	form->field = fieldname_find(req->route->parameters, part->name);
	form->part = part;
	form->text.length = 0;
	p = form->field.parameter;
	form->file = part->filename != NULL && (p == NULL || p->type == PARAMETER_FILES);
	if ((!form->file || form_nothing_chosen(form)) && ++form->fields > FIELDS_MOST)
		return error_set(err, ERROR_TOO_LARGE,
		    "a request may have %d fields at most, besides files", FIELDS_MOST);
	if (part->filename == NULL)
		return p != NULL || form_check_unknown(req, part->name, err);
	if (!form_check_file(form, err))
		return false;
	if (!form->file || form_nothing_chosen(form))
		return true;
	if (req->values.digest != NULL)
		digest_add(&req->key.digest, p->name, part->filename, strlen(part->filename));
	return upload_open(&req->upload, (enum upload_folder)p->folder, p->name, err) &&
	    upload_file_begin(&req->upload, (enum upload_folder)p->folder, part->filename, err);
}

static bool
form_part_data(void *context, const char *data, size_t length, struct error *err)
{
	struct form *form = context;
	struct request *req = form->req;
	const struct parameter *p = form->field.parameter;

	if (p == NULL && !form->file)
		return true;
	if (p == NULL)
		return fieldname_unknown_file(req->route->parameters, form->part->name, err);
	if (form_nothing_chosen(form))
		return error_set(err, ERROR_INPUT, "%s: a file was sent without a name", p->name);
	if (form->file && req->values.digest != NULL)
		digest_bytes(&req->key.digest, data, length);
	if (form->file)
		return upload_file_data(&req->upload, data, length, err);
	if (form->text.length + length > TEXT_MOST)
		return error_set(err, ERROR_TOO_LARGE, "%s: a text may have %d bytes at most",
		    p->name, TEXT_MOST);
	return textbuffer_add(&form->text, data, length, err);
}

static bool
form_part_end(void *context, struct error *err)
{
	struct form *form = context;
	const char *text;

	if (form->field.parameter == NULL || form_nothing_chosen(form))
		return true;
	if (form->file)
		return upload_file_end(&form->req->upload, form->part->filename, err);
	text = form->text.text != NULL ? form->text.text : "";
	return form->part->filename != NULL
	    ? form_add_text(form->req, &form->field, text, form->text.length, err)
	    : form_add_lines(form->req, &form->field, text, form->text.length, err);
}

struct multipart_sink
form_sink(struct form *form)
{
	return (struct multipart_sink){ form_part_begin, form_part_data, form_part_end, form };
}

void
form_clear(struct form *form)
{
	textbuffer_clear(&form->text);
}
