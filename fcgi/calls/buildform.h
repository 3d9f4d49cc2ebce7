#ifndef KABUTO_BUILDFORM_H
#define KABUTO_BUILDFORM_H
/*
 * The parameters of a call that builds an image from a Dockerfile. The files of the context come
 * under a name that each call has for itself, and go to UPLOAD_CONTEXT.
 */
#include "parameter.h"
#include "request.h"

#define BUILDFORM_PARAMETERS                                                                       \
	{ .name = "dockerfile", .type = PARAMETER_TEXT, .file = true },                            \
	    { .name = "nocache", .type = PARAMETER_BOOLEAN },                                      \
	{                                                                                          \
		.name = "build_arg", .type = PARAMETER_PAIRS, .least = 1                           \
	}

struct buildform {
	const char *dockerfile; /* the text; NULL: none was given */
	char *uploaded;  /* the same, if it is the file Dockerfile of the context; else NULL */
	char *build_arg; /* JSON array of "NAME=VALUE"; NULL: none */
	unsigned char content_hash[DIGEST_BYTES];
};

/*
 * Reads the Dockerfile and the build arguments. The file Dockerfile of the context serves where the
 * parameter is missing. The caller must call buildform_clear. ERROR_INPUT, ERROR_TOO_LARGE: the
 * text names the parameter.
 */
bool buildform_read(const struct request *req, struct buildform *form, struct error *err);
void buildform_clear(struct buildform *form);

/* Checks that there is a Dockerfile. ERROR_INPUT: there is none; otherwise says how to give one. */
bool buildform_check(const struct buildform *form, const char *otherwise, struct error *err);

/*
 * Makes the context's folder, and writes the Dockerfile there if it came as a parameter. form: NULL
 * if there is none. parameter: the name of the context's files. Sets form->content_hash.
 */
bool buildform_store(struct request *req, const char *parameter, struct buildform *form,
    struct error *err);

#endif
