/*
 * Making and publishing inboxes.
 */
#include "inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "crash.h"
#include "tree.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FOLDER_MODE  02775 /* as an upload's: the container's users may enter */

bool
inbox_make(const struct staging *staging, const char *name, struct error *err)
{
	return (mkdirat(staging->fd, name, FOLDER_MODE) == 0 &&
		   fchmodat(staging->fd, name, FOLDER_MODE, 0) == 0) ||
	    error_errno(err, "make a folder for attachments");
}

bool
inbox_link(const struct spool *spool, const char *token, const struct staging *staging,
    const char *name, struct attachments *list, const struct attachments *former, int64_t most,
    struct error *err)
{
	cleanup_close int from = token[0] == '\0' ? -1 : openat(spool->inbox, token, FOLDER_FLAGS);
	cleanup_close int to = openat(staging->fd, name, FOLDER_FLAGS);

	/* A missing inbox is no error yet: each of its files may have been replaced. */
	if (to < 0 || (from < 0 && token[0] != '\0' && errno != ENOENT))
		return error_errno(err, "open the job's attachments");
	return attachment_merge(list, former, most, from, to, err);
}

bool
inbox_publish(const struct spool *spool, const struct staging *staging, const char *name,
    char token[static NAME_TEXT], struct error *err)
{
	secret_make_name(token);
	if (!tree_sync(staging->fd, name, err) ||
	    !spool_publish(staging->fd, name, spool->inbox, token, err))
		return false;
	crash_point("upload", "publish");
	return true;
}
