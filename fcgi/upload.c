/*
 * Writes attachments to the staging. They are flushed to the disk together (tree_sync), before they
 * are moved to their final place.
 */
#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "cleanup.h"
#include "pathname.h"
#include "quantity.h"
#include "staging.h"
#include "take.h"
#include "utf8.h"
#include "write.h"

#define POLL_BYTES (64 * 1024 * 1024) /* bytes written between two checks of the free space */

void
upload_begin(struct upload *upload, struct spool *spool, const struct config *config)
{
	*upload = (struct upload){ .spool = spool,
		.config = config,
		.staging = { .fd = -1 },
		.parts = { [UPLOAD_INBOX].folder = -1, [UPLOAD_CONTEXT].folder = -1 },
		.fd = -1,
		.file_max = INT64_MAX,
		.storage = INT64_MAX };
}

void
upload_limit(struct upload *upload, const struct account *account)
{
	int64_t storage_max = account_limit(account, LIMIT_STORAGE, upload->config);

	upload->file_max = account_limit(account, LIMIT_FILE, upload->config);
	if (storage_max > 0)
		upload->storage = storage_max - account->storage;
}

void
upload_clear(struct upload *upload)
{
	if (upload->fd >= 0)
		(void)close(upload->fd);
	for (int i = 0; i < UPLOAD_FOLDERS; i++) {
		if (upload->parts[i].folder >= 0)
			(void)close(upload->parts[i].folder);
		attachment_clear(&upload->parts[i].files);
	}
	if (upload->spool != NULL)
		staging_discard(&upload->staging, upload->spool);
	upload_begin(upload, NULL, NULL);
}

/* Makes the folder path, and each folder above it, below the staging. Returns it; -1: failed. */
static int
upload_make_folder(const struct upload *upload, const char *path, struct error *err)
{
	char name[64], *rest = name, *part;
	cleanup_close int at = dup(upload->staging.fd);

	snprintf(name, sizeof name, "%s", path);
	while (at >= 0 && (part = strsep(&rest, "/")) != NULL) {
		int below = -1;

		/*
		 * 775: the container's users may enter. The parent folder, after the move, keeps
		 * other users out. 02000: files that the spooler adds get our group, so that this
		 * program can read them. The spooler's user is a member of that group.
		 */
		if (mkdirat(at, part, 02775) == 0 && fchmodat(at, part, 02775, 0) == 0)
			below = openat(at, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)close(at);
		at = below;
	}
	if (at < 0)
		error_errno(err, "make a folder for the upload");
	return take_fd(&at);
}

bool
upload_open(struct upload *upload, enum upload_folder folder, const char *parameter,
    struct error *err)
{
	static const char *const paths[] = {
		[UPLOAD_INBOX] = INBOX_STAGED, [UPLOAD_CONTEXT] = "build/" BUILD_CONTEXT
	};
	struct upload_part *part = &upload->parts[folder];

	if (part->folder >= 0)
		return true;
	if (upload->staging.fd < 0 &&
	    (!spool_has_room(upload->spool, upload->config, err) ||
		!staging_open(&upload->staging, upload->spool, err)))
		return false;
	part->parameter = parameter;
	part->folder = upload_make_folder(upload, paths[folder], err);
	return part->folder >= 0;
}

/* Adds the name of the files' parameter to an error. Always false. */
static bool
upload_wrap(const struct upload *upload, struct error *err)
{
	return error_wrap(err, "%s", upload->parts[upload->current].parameter);
}

bool
upload_file_begin(struct upload *upload, enum upload_folder folder, const char *name,
    struct error *err)
{
	struct upload_part *part = &upload->parts[folder];

	upload->current = folder;
	if ((int64_t)part->files.count >= upload->config->attachments_max)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: a job or build may have %lld files at most", part->parameter,
		    (long long)upload->config->attachments_max);
	if (!pathname_check(name, err))
		return upload_wrap(upload, err);
	upload->size = 0;
	digest_begin(&upload->digest);
	upload->fd = attachment_create(part->folder, name, err);
	return upload->fd >= 0 || upload_wrap(upload, err);
}

/* Adds length to the sizes and checks the limits. */
static bool
upload_count_bytes(struct upload *upload, size_t length, struct error *err)
{
	struct upload_part *part = &upload->parts[upload->current];
	int64_t context_limit = upload->config->build.context_limit;
	char limit[QUANTITY_TEXT];

	upload->size += (int64_t)length;
	part->total += (int64_t)length;
	if (upload->current == UPLOAD_CONTEXT && part->total > context_limit)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: the build's context is too large; the limit is %s", part->parameter,
		    quantity_format_bytes(context_limit, limit));
	if (upload->size > upload->file_max)
		return error_set(err, ERROR_TOO_LARGE, "%s: a file is too large; the limit is %s",
		    part->parameter, quantity_format_bytes(upload->file_max, limit));
	if (upload->current == UPLOAD_INBOX && part->total > upload->storage)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: the account may store only %s more; delete jobs that you no longer need",
		    part->parameter,
		    quantity_format_bytes(upload->storage > 0 ? upload->storage : 0, limit));
	return true;
}

bool
upload_file_data(struct upload *upload, const char *data, size_t length, struct error *err)
{
	if (!upload_count_bytes(upload, length, err))
		return false;
	if (upload->current == UPLOAD_CONTEXT)
		digest_bytes(&upload->digest, data, length);
	upload->unchecked += (int64_t)length;
	if (upload->unchecked >= POLL_BYTES) {
		upload->unchecked = 0;
		if (!spool_has_room(upload->spool, upload->config, err))
			return false;
	}
	return write_whole(upload->fd, data, length) || error_errno(err, "store an attachment");
}

bool
upload_file_end(struct upload *upload, const char *name, struct error *err)
{
	struct attachments *files = &upload->parts[upload->current].files;

	if (close(take_fd(&upload->fd)) < 0)
		return error_errno(err, "store the attachment '%s'", name);
	if (!attachment_add(files, name, upload->size, err))
		return false;
	if (upload->current == UPLOAD_CONTEXT)
		digest_end(&upload->digest, files->items[files->count - 1].digest);
	return true;
}

bool
upload_read(const struct upload *upload, enum upload_folder folder, const char *name, size_t most,
    char **text, struct error *err)
{
	const struct upload_part *part = &upload->parts[folder];
	cleanup_close int fd =
	    part->folder < 0 ? -1 : openat(part->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *read_text = NULL;
	size_t length = 0, mark;
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return part->folder < 0 || errno == ENOENT ||
		    error_errno(err, "read the attachment '%s'", name);
	if (fstat(fd, &st) < 0)
		return error_errno(err, "read the attachment '%s'", name);
	if (!S_ISREG(st.st_mode))
		return true; /* a folder: the files in it are the attachments */
	read_text = malloc(most + 2);
	if (read_text == NULL)
		return error_set(err, ERROR_SYSTEM, "read the attachment '%s': not enough memory",
		    name);
	while (length <= most && (got = read(fd, read_text + length, most + 1 - length)) != 0) {
		if (got < 0)
			return error_errno(err, "read the attachment '%s'", name);
		length += (size_t)got;
	}
	if (length > most)
		return error_set(err, ERROR_TOO_LARGE, "%s: '%s' must have at most %zu bytes",
		    part->parameter, name, most);
	if (memchr(read_text, '\0', length) != NULL || !utf8_valid(read_text, length))
		return error_set(err, ERROR_INPUT, "%s: '%s' must be valid UTF-8 without NUL",
		    part->parameter, name);
	mark = utf8_mark(read_text, length);
	*text = strndup(read_text + mark, length - mark);
	return *text != NULL ||
	    error_set(err, ERROR_SYSTEM, "read the attachment '%s': not enough memory", name);
}

bool
upload_text(struct upload *upload, enum upload_folder folder, const char *name, const char *text,
    struct error *err)
{
	upload->current = folder;
	upload->size = 0;
	digest_begin(&upload->digest);
	upload->fd = attachment_create(upload->parts[folder].folder, name, err);
	if (upload->fd < 0)
		return upload_wrap(upload, err);
	if (!upload_file_data(upload, text, strlen(text), err))
		return false;
	if (close(take_fd(&upload->fd)) < 0)
		return error_errno(err, "store '%s'", name);
	return true;
}
