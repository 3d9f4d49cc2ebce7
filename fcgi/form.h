#ifndef KABUTO_FORM_H
#define KABUTO_FORM_H
/*
 * Adds the fields of a form to a request: texts to its values, files to its upload. Nothing is
 * dropped without a word: a file under an unknown name is an error in every call, and a text under
 * an unknown name is one in the calls that are STRICT (route.h).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "fieldname.h"
#include "multipart.h"
#include "textbuffer.h"

struct request;

/* A multipart body that is being read, and its current part. */
struct form {
	struct request *req;
	struct fieldname field;            /* of the part; its parameter is NULL: unknown */
	const struct multipart_part *part; /* valid until the part's end */
	bool file;                         /* the part goes to the upload */
	struct textbuffer text;
	int64_t fields;
};

/* Returns the functions that receive the parts for this form. form_clear must follow. */
struct multipart_sink form_sink(struct form *form);
void form_clear(struct form *form);

/* Adds a field of an urlencoded form. This is an urlencoded_visit; context is the request. */
bool form_add_field(void *context, const char *name, const char *text, size_t length,
    struct error *err);

/* Checks whether the call ignores unknown parameters. ERROR_INPUT: it does not. */
bool form_check_unknown(const struct request *req, const char *name, struct error *err);

#endif
