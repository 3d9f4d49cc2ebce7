/*
 * Attachments. A name is used as a path, below one folder, only after pathname_check.
 */
#include "attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "pathname.h"
#include "take.h"
#include "write.h"

/* Makes the folders in name's path, and opens the last one. *last points to the last component. */
static int
attachment_open_parent(int dir, const char *name, const char **last)
{
	cleanup_close int at = dup(dir);
	char component[PATHNAME_COMPONENT_MOST + 1];
	const char *slash;

	while (at >= 0 && (slash = strchr(name, '/')) != NULL) {
		int below;

		memcpy(component, name, (size_t)(slash - name));
		component[slash - name] = '\0';
		if (mkdirat(at, component, 0755) < 0) {
			if (errno != EEXIST)
				return -1;
		} else if (fchmodat(at, component, 0755, 0) < 0) { /* independent of our umask */
			return -1;
		}
		below = openat(at, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			return -1;
		(void)close(at);
		at = below;
		name = slash + 1;
	}
	*last = name;
	return take_fd(&at);
}

int
attachment_create(int dir, const char *name, struct error *err)
{
	const char *last = NULL;
	cleanup_close int parent = attachment_open_parent(dir, name, &last);
	int fd = -1;

	if (parent >= 0)
		fd = openat(parent, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0755);
	if (fd < 0 && (errno == EEXIST || errno == ENOTDIR))
		error_set(err, ERROR_INPUT, "two files would have the name '%s'", name);
	else if (fd < 0)
		error_errno(err, "create the attachment '%s'", name);
	else if (fchmod(fd, 0755) < 0) /* independent of our umask */
		error_errno(err, "set the mode of the attachment '%s'", name);
	else
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool
attachment_copy(int from, int to, const char *name, struct error *err)
{
	cleanup_close int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int copy = source < 0 ? -1 : attachment_create(to, name, err);

	if (source >= 0 && copy < 0)
		return error_wrap(err, "attachments");
	if (source < 0 || !write_copy(source, copy) || close(take_fd(&copy)) < 0)
		return error_errno(err, "copy the attachment '%s'", name);
	return true;
}

/*
 * Copies the file if it cannot get one more link: it has as many as its filesystem allows, or it
 * belongs to another user, as after a restore (proc(5), protected_hardlinks).
 */
static bool
attachment_link(int from, int to, const char *name, struct error *err)
{
	const char *last = NULL;
	cleanup_close int parent = attachment_open_parent(to, name, &last);

	if (parent >= 0 && linkat(from, name, parent, last, 0) == 0)
		return true;
	if (parent >= 0 && (errno == ENOENT || errno == EBADF))
		return error_set(err, ERROR_CONFLICT,
		    "attachments: the job's file '%s' is no longer stored; send it again", name);
	if (parent >= 0 && (errno == EMLINK || errno == EPERM))
		return attachment_copy(from, to, name, err);
	if (errno == EEXIST || errno == ENOTDIR)
		return error_set(err, ERROR_INPUT,
		    "attachments: two files would have the name '%s'", name);
	return error_errno(err, "link the attachment '%s'", name);
}

int64_t
attachment_size(const struct attachments *list)
{
	int64_t size = 0;

	for (size_t i = 0; i < list->count; i++)
		size += list->items[i].size;
	return size;
}

static int
attachment_by_name(const void *a, const void *b)
{
	return strcmp(((const struct attachment *)a)->name, ((const struct attachment *)b)->name);
}

bool
attachment_merge(struct attachments *list, const struct attachments *former, int64_t most, int from,
    int to, struct error *err)
{
	size_t given = list->count;

	if (given > 0)
		qsort(list->items, given, sizeof list->items[0], attachment_by_name);
	for (size_t i = 0; i < former->count; i++) {
		const struct attachment *item = &former->items[i];

		if (given > 0 &&
		    bsearch(item, list->items, given, sizeof list->items[0], attachment_by_name) !=
			NULL)
			continue;
		if (!attachment_link(from, to, item->name, err) ||
		    !attachment_add(list, item->name, item->size, err))
			return false;
	}
	return (int64_t)list->count <= most ||
	    error_set(err, ERROR_TOO_LARGE, "attachments: a job may have at most %lld files",
		(long long)most);
}

bool
attachment_remove(struct attachments *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0) {
			free(list->items[i].name);
			list->count--;
			memmove(&list->items[i], &list->items[i + 1],
			    (list->count - i) * sizeof list->items[0]);
			return true;
		}
	return false;
}

bool
attachment_add(struct attachments *list, const char *name, int64_t size, struct error *err)
{
	char *copy = strdup(name);

	if (list->count == list->room) {
		size_t room = list->room == 0 ? 8 : list->room * 2;
		struct attachment *items = realloc(list->items, room * sizeof items[0]);

		if (items != NULL) {
			list->items = items;
			list->room = room;
		}
	}
	if (copy == NULL || list->count == list->room) {
		free(copy);
		return error_set(err, ERROR_SYSTEM, "list the attachments: not enough memory");
	}
	list->items[list->count++] = (struct attachment){ .name = copy, .size = size };
	return true;
}

void
attachment_clear(struct attachments *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct attachments){ 0 };
}

bool
attachment_insert(struct database *db, int64_t job, const struct attachments *list,
    struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (!database_run(db, err,
			"INSERT INTO attachment (job, name, size) VALUES (?, ?, ?)",
			VALUES(I(job), T(list->items[i].name), I(list->items[i].size))))
			return false;
	return true;
}

static bool
attachment_take(struct statement *st, void *context, struct error *err)
{
	return attachment_add(context, statement_text(st, 0), statement_integer(st, 1), err);
}

bool
attachment_list(struct database *db, int64_t job, struct attachments *list, struct error *err)
{
	*list = (struct attachments){ 0 };
	if (database_each(db, err, "SELECT name, size FROM attachment WHERE job = ? ORDER BY name",
		VALUES(I(job)), attachment_take, list))
		return true;
	attachment_clear(list);
	return false;
}
