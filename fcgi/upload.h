#ifndef KABUTO_UPLOAD_H
#define KABUTO_UPLOAD_H
/*
 * Writes a call's files below incoming/ as they come. If the call fails or the process dies, the
 * files are removed (spool.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "attachment.h"
#include "config.h"
#include "error.h"
#include "inbox.h"
#include "spool.h"
#include "staging.h"

/* The folders in the staging. A call may fill both. */
enum upload_folder {
	UPLOAD_INBOX,   /* a job's attachments: INBOX_STAGED */
	UPLOAD_CONTEXT, /* a build's context: "build/context" */
	UPLOAD_FOLDERS
};

/* The files of one folder. */
struct upload_part {
	int folder;            /* descriptor; -1: upload_open was not called */
	const char *parameter; /* the files' parameter, for errors */
	struct attachments files;
	int64_t total; /* bytes of all files so far */
};

struct upload {
	struct spool *spool;
	const struct config *config;
	struct staging staging;
	struct upload_part parts[UPLOAD_FOLDERS];
	enum upload_folder current; /* the folder of the file that is being written */
	int fd;                     /* of that file; -1: none */
	int64_t size;               /* bytes of that file so far */
	struct digest digest;       /* of that file so far, if it is of a context */
	int64_t file_max;           /* most bytes of one file */
	int64_t storage;   /* bytes of attachments that the account may add; a context has its own
			      limit */
	int64_t unchecked; /* bytes written since the last check of the free space */
};

void upload_begin(struct upload *upload, struct spool *spool, const struct config *config);
/* Sets the account's limits. */
void upload_limit(struct upload *upload, const struct account *account);
/* Closes all, and removes the staging if it was not moved to its final place. */
void upload_clear(struct upload *upload);

/*
 * Creates the staging, if it does not exist, and in it the folder for the files of a parameter.
 * Does nothing if the folder is there. Must be called before the first file.
 */
bool upload_open(struct upload *upload, enum upload_folder folder, const char *parameter,
    struct error *err);

/*
 * Begin, continue and end a file. ERROR_TOO_LARGE: too many files or bytes. ERROR_NO_SPACE: disk
 * full.
 */
bool upload_file_begin(struct upload *upload, enum upload_folder folder, const char *name,
    struct error *err);
bool upload_file_data(struct upload *upload, const char *data, size_t length, struct error *err);
bool upload_file_end(struct upload *upload, const char *name, struct error *err);

/*
 * Reads an uploaded file as a text. *text gets it, without a byte order mark; the caller frees it.
 * *text stays if there is no such file. ERROR_INPUT: the file is not UTF-8, or has a NUL.
 * ERROR_TOO_LARGE: it has more than `most` bytes.
 */
bool upload_read(const struct upload *upload, enum upload_folder folder, const char *name,
    size_t most, char **text, struct error *err);

/* Writes text to a new file. It does not count as an attachment. */
bool upload_text(struct upload *upload, enum upload_folder folder, const char *name,
    const char *text, struct error *err);

#endif
