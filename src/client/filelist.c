/*
 * Walks the arguments. The path of each file is kept once; the name that the server gets is the end
 * of it.
 */
#include "filelist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "pathname.h"
#include "tree.h"
#include "utf8.h"

#define SHOWN      256 /* bytes of a path in a message */
#define DEPTH_MOST 70  /* folders in folders; pathname_check allows less */

/* The path that is looked at, and the folders above it, by which a circle of links is found. */
struct walk {
	struct filelist *list;
	char path[PATH_MAX];
	size_t length;
	size_t name; /* where the name begins in path */
	int depth;
	struct {
		dev_t device;
		ino_t inode;
	} above[DEPTH_MOST];
	struct error *err;
};

bool
filelist_read_links(const char *text, enum filelist_links *links, struct error *err)
{
	static const char *const words[] = { [FILELIST_LINKS_REFUSE] = "refuse",
		[FILELIST_LINKS_FOLLOW] = "follow",
		[FILELIST_LINKS_SKIP] = "skip" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(text, words[i]) == 0) {
			*links = (enum filelist_links)i;
			return true;
		}
	return error_set(err, ERROR_INPUT, "--links takes refuse, follow or skip");
}

static bool
filelist_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "list the files: not enough memory");
}

/* Sets the error for the walk's path: "'<path>' <text>". */
static bool
filelist_refuse(const struct walk *walk, const char *text)
{
	char shown[SHOWN];

	return error_set(walk->err, ERROR_INPUT, "'%s' %s",
	    utf8_show(walk->path, shown, sizeof shown), text);
}

/* The same for a failed system call: "<doing> '<path>': <reason>". */
static bool
filelist_failed(const struct walk *walk, const char *doing)
{
	char shown[SHOWN];

	return error_errno(walk->err, "%s '%s'", doing, utf8_show(walk->path, shown, sizeof shown));
}

static bool
filelist_grow(struct filelist *list, size_t length, struct error *err)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 64 : list->room * 2;
		struct filelist_entry *entries = realloc(list->entries, room * sizeof entries[0]);

		if (entries == NULL)
			return filelist_no_memory(err);
		list->entries = entries;
		list->room = room;
	}
	if (list->texts_length + length > list->texts_room) {
		size_t room = list->texts_room * 2 + length;
		char *texts = realloc(list->texts, room);

		if (texts == NULL)
			return filelist_no_memory(err);
		list->texts = texts;
		list->texts_room = room;
	}
	return true;
}

/* Adds the walk's path, which is a file. */
static bool
filelist_add_file(struct walk *walk, const struct stat *st)
{
	struct filelist *list = walk->list;

	if (!pathname_check(walk->path + walk->name, walk->err)) {
		char shown[SHOWN];

		return error_wrap(walk->err, "'%s' cannot be sent",
		    utf8_show(walk->path, shown, sizeof shown));
	}
	if (faccessat(AT_FDCWD, walk->path, R_OK, AT_EACCESS) < 0)
		return filelist_failed(walk, "read");
	if (!filelist_grow(list, walk->length + 1, walk->err))
		return false;
	memcpy(list->texts + list->texts_length, walk->path, walk->length + 1);
	list->entries[list->count++] = (struct filelist_entry){ .path = list->texts_length,
		.name = (uint32_t)walk->name,
		.size = st->st_size,
		.time = st->st_mtim };
	list->texts_length += walk->length + 1;
	list->size += st->st_size;
	return true;
}

static bool filelist_add_folder(struct walk *walk, const struct stat *st);

/* Adds what has the walk's path. st: of what it leads to, if it is a link. */
static bool
filelist_add_any(struct walk *walk, const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return filelist_add_file(walk, st);
	if (S_ISDIR(st->st_mode))
		return filelist_add_folder(walk, st);
	return filelist_refuse(walk,
	    S_ISFIFO(st->st_mode)       ? "is a FIFO: only files and folders can be sent"
		: S_ISSOCK(st->st_mode) ? "is a socket: only files and folders can be sent"
					: "is a device: only files and folders can be sent");
}

/* Adds an entry of a folder. An entry that has vanished since the folder was read is not there. */
static bool
filelist_add_entry(struct walk *walk)
{
	struct stat st;

	if (lstat(walk->path, &st) < 0)
		return errno == ENOENT || filelist_failed(walk, "read");
	if (!S_ISLNK(st.st_mode))
		return filelist_add_any(walk, &st);
	if (walk->list->links == FILELIST_LINKS_SKIP) {
		walk->list->skipped_links++;
		return true;
	}
	if (walk->list->links == FILELIST_LINKS_REFUSE)
		return filelist_refuse(walk,
		    "is a symbolic link: --links follow sends what it leads to, --links skip "
		    "leaves it out");
	if (stat(walk->path, &st) == 0)
		return filelist_add_any(walk, &st);
	if (errno == ENOENT)
		return filelist_refuse(walk,
		    "is a symbolic link that leads to nothing: remove it, or use --links skip");
	if (errno == ELOOP)
		return filelist_refuse(walk,
		    "is a symbolic link that leads in a circle: remove it, or use --links skip");
	return filelist_failed(walk, "follow the link");
}

/* Puts the name of an entry after the walk's path, and adds it. */
static bool
filelist_add_below(struct walk *walk, const char *name)
{
	const size_t before = walk->length;
	bool slash = before > 0 && walk->path[before - 1] != '/', done;

	if (before + slash + strlen(name) >= sizeof walk->path)
		return filelist_refuse(walk, "has paths below it that are too long");
	walk->length += (size_t)sprintf(walk->path + before, "%s%s", slash ? "/" : "", name);
	done = filelist_add_entry(walk);
	walk->length = before;
	walk->path[before] = '\0';
	return done;
}

static bool
filelist_enter(struct walk *walk, const struct stat *st)
{
	for (int i = 0; i < walk->depth; i++)
		if (walk->above[i].device == st->st_dev && walk->above[i].inode == st->st_ino)
			return filelist_refuse(walk,
			    "is a symbolic link to a folder that contains it: use --links skip");
	if (walk->depth == DEPTH_MOST)
		return filelist_refuse(walk, "lies too deep in folders");
	walk->above[walk->depth].device = st->st_dev;
	walk->above[walk->depth].inode = st->st_ino;
	walk->depth++;
	return true;
}

static bool
filelist_add_folder(struct walk *walk, const struct stat *st)
{
	cleanup_dir DIR *stream = opendir(walk->path);
	struct dirent *entry;
	bool empty = true;

	if (stream == NULL)
		return filelist_failed(walk, "read the folder");
	if (!filelist_enter(walk, st))
		return false;
	while ((entry = tree_next(stream)) != NULL) {
		empty = false;
		if (!filelist_add_below(walk, entry->d_name))
			return false;
	}
	if (errno != 0)
		return filelist_failed(walk, "read the folder");
	walk->list->empty_folders += empty;
	walk->depth--;
	return true;
}

/* Returns where the name begins in an argument: 0 means that it has no last component. */
static size_t
filelist_last_component(const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash != NULL ? slash + 1 : path;

	if (last[0] == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return SIZE_MAX;
	return (size_t)(last - path);
}

bool
filelist_add(struct filelist *list, const char *path, struct error *err)
{
	struct walk walk = { .list = list, .err = err };
	struct stat st;

	walk.length = strlen(path);
	if (walk.length >= sizeof walk.path - 1)
		return error_set(err, ERROR_INPUT, "a file's path is too long: '%.64s…'", path);
	memcpy(walk.path, path, walk.length + 1);
	if (stat(walk.path, &st) < 0)
		return filelist_failed(&walk, "read");
	while (walk.length > 1 && walk.path[walk.length - 1] == '/')
		walk.path[--walk.length] = '\0';
	walk.name = filelist_last_component(walk.path);
	if (walk.name == SIZE_MAX) /* the contents: names begin after the slash that will follow */
		walk.name = walk.length + (walk.path[walk.length - 1] != '/');
	return filelist_add_any(&walk, &st);
}

const char *
filelist_path(const struct filelist *list, size_t index)
{
	return list->texts + list->entries[index].path;
}

const char *
filelist_name(const struct filelist *list, size_t index)
{
	return filelist_path(list, index) + list->entries[index].name;
}

/* Orders names so that a folder's files come directly after a file with the folder's name. */
static int
filelist_compare_names(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (*a == '/' ? 1 : (unsigned char)*a) - (*b == '/' ? 1 : (unsigned char)*b);
}

static int
filelist_compare(const void *a, const void *b, void *texts)
{
	const struct filelist_entry *first = a, *second = b;

	return filelist_compare_names((char *)texts + first->path + first->name,
	    (char *)texts + second->path + second->name);
}

bool
filelist_finish(struct filelist *list, struct error *err)
{
	if (list->count > 0)
		qsort_r(list->entries, list->count, sizeof list->entries[0], filelist_compare,
		    list->texts);
	for (size_t i = 1; i < list->count; i++) {
		const char *before = filelist_name(list, i - 1), *name = filelist_name(list, i);
		size_t length = strlen(before);

		if (strncmp(before, name, length) != 0 ||
		    (name[length] != '\0' && name[length] != '/'))
			continue;
		return error_set(err, ERROR_INPUT,
		    name[length] == '\0'
			? "two files would have the name '%s': '%s' and '%s'; send them in folders of different names"
			: "'%s' would be a file and a folder: '%s' and '%s'; rename one of them",
		    before, filelist_path(list, i - 1), filelist_path(list, i));
	}
	return true;
}

bool
filelist_has(const struct filelist *list, const char *name)
{
	size_t from = 0, to = list->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = filelist_compare_names(name, filelist_name(list, middle));

		if (order == 0)
			return true;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return false;
}

bool
filelist_remark(const struct filelist *list, char *text, size_t size)
{
	char links[64] = "", folders[64] = "";
	size_t count = list->skipped_links + list->empty_folders;

	if (count == 0)
		return false;
	if (list->skipped_links > 0)
		snprintf(links, sizeof links, "%zu symbolic link%s", list->skipped_links,
		    list->skipped_links > 1 ? "s" : "");
	if (list->empty_folders > 0)
		snprintf(folders, sizeof folders, "%zu empty folder%s", list->empty_folders,
		    list->empty_folders > 1 ? "s" : "");
	snprintf(text, size, "%s%s%s %s not sent", links,
	    links[0] != '\0' && folders[0] != '\0' ? " and " : "", folders,
	    count > 1 ? "are" : "is");
	return true;
}

void
filelist_clear(struct filelist *list)
{
	free(list->entries);
	free(list->texts);
	*list = (struct filelist){ .links = list->links };
}
