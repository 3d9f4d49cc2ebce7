#ifndef KABUTO_IMAGESOURCE_H
#define KABUTO_IMAGESOURCE_H
/*
 * What an image is built of: a Dockerfile, a folder with the files that it copies, or both.
 */
#include <stdbool.h>

#include "error.h"
#include "filelist.h"
#include "sendform.h"

struct imagesource {
	char *dockerfile;      /* its text; NULL: it is in the context */
	struct filelist files; /* the context */
};

/* What a path on the command line is. */
enum imagesource_kind {
	IMAGESOURCE_DOCKERFILE, /* a file */
	IMAGESOURCE_CONTEXT,    /* a folder */
	IMAGESOURCE_OTHER,      /* does not exist */
};
enum imagesource_kind imagesource_kind_of(const char *path);

/*
 * Reads the source. dockerfile: the path of a file; NULL: the context has it. context: a folder;
 * NULL: none. imagesource_clear must follow. ERROR_INPUT: there is no Dockerfile, or it copies
 * files and there is no context, or a file of the context cannot be sent.
 */
bool imagesource_read(struct imagesource *source, const char *dockerfile, const char *context,
    enum filelist_links links, struct error *err);

/*
 * Adds the source to a form, the context's files as fields with this name, which is a constant.
 * source must stay until the form is cleared.
 */
bool imagesource_add(const struct imagesource *source, struct sendform *form, const char *field,
    struct error *err);

/*
 * Finds the first instruction of a Dockerfile that copies files from the context: COPY or ADD
 * without --from, whose source is neither a URL nor a here-document (Dockerfile reference). Returns
 * the number of its line, from 1; 0: there is none.
 */
int imagesource_copies(const char *dockerfile);

void imagesource_clear(struct imagesource *source);

#endif
