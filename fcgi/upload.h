#ifndef KABUTO_UPLOAD_H
#define KABUTO_UPLOAD_H
/*
 * Files of a call, written below incoming/ as they come. A call that fails, or a process that dies,
 * leaves nothing: see spool.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "attachment.h"
#include "config.h"
#include "error.h"
#include "spool.h"
#include "staging.h"

struct upload {
	struct spool *spool;
	const struct config *config;
	struct staging staging;
	int folder; /* below the stage, where the files go; -1: no file has come */
	struct attachments files;
	int fd;            /* of the file that is being written; -1: none */
	int64_t size;      /* of it, so far */
	int64_t total;     /* bytes of all files so far */
	int64_t limit;     /* for them; more is ERROR_TOO_LARGE */
	int64_t file_max;  /* the same for one */
	int64_t storage;   /* bytes that the account may still store; a build's context is none */
	int64_t unchecked; /* bytes written since the free space was looked at */
};

void upload_begin(struct upload *upload, struct spool *spool, const struct config *config);
/* Sets what the account may upload. */
void upload_limit(struct upload *upload, const struct account *account);
/* Removes what has not been moved into its place. */
void upload_clear(struct upload *upload);

/*
 * Makes the stage and in it the folder path (UPLOAD_INBOX, UPLOAD_CONTEXT) to which files go. Once.
 * A build's context has a limit of its own.
 */
#define UPLOAD_INBOX   "inbox"
#define UPLOAD_CONTEXT "build/context"
bool upload_open(struct upload *upload, const char *path, struct error *err);

bool upload_file_begin(struct upload *upload, const char *name, struct error *err);
bool upload_file_data(struct upload *upload, const char *data, size_t length, struct error *err);
bool upload_file_end(struct upload *upload, const char *name, struct error *err);

/* Adds a whole file that came as a text. It is not among the attachments. */
bool upload_text(struct upload *upload, const char *name, const char *text, struct error *err);

#endif
