#ifndef KABUTO_FILELIST_H
#define KABUTO_FILELIST_H
/*
 * The files that a command is to send: files and folders from the command line, as a list of paths
 * and of the names under which the server gets them.
 *
 *     FILE            its last component
 *     FOLDER          <its last component>/<relative path> of each file in it
 *     ".", "DIR/."    <relative path> of each file in it, as for cp -r
 *
 * The list has only what can be sent: it is refused before the first byte leaves. It holds about
 * 100 bytes a file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "error.h"

/* What to do with a symbolic link inside a folder. An argument that is a link is followed always.
 */
enum filelist_links {
	FILELIST_LINKS_REFUSE, /* an error that names the link */
	FILELIST_LINKS_FOLLOW, /* send what it leads to, under the link's name */
	FILELIST_LINKS_SKIP
};

struct filelist_entry {
	size_t path;          /* where the path begins in texts */
	uint32_t name;        /* where the name begins in the path: it is the path's end */
	int64_t size;         /* bytes */
	struct timespec time; /* of the last change */
};

struct filelist {
	enum filelist_links links;
	struct filelist_entry *entries;
	size_t count, room;
	char *texts; /* the paths, each with a NUL after it */
	size_t texts_length, texts_room;
	int64_t size;                        /* of all files together */
	size_t skipped_links, empty_folders; /* which are not sent */
};

/* Reads the value of --links: "refuse", "follow" or "skip". ERROR_INPUT: another text. */
bool filelist_read_links(const char *text, enum filelist_links *links, struct error *err);

/*
 * Adds the file or all files in the folder `path`. *list is all zero at first, or has only `links`
 * set; filelist_clear must follow. ERROR_INPUT names what cannot be sent: a name that the server
 * would refuse, a link, a FIFO, a socket or a device, or a file that may not be read.
 */
bool filelist_add(struct filelist *list, const char *path, struct error *err);

/*
 * Sorts the list by names. ERROR_INPUT: two files have the same name, or one has the name of
 * another's folder; the text names both paths. Call it once, after the last filelist_add.
 */
bool filelist_finish(struct filelist *list, struct error *err);

/* The path and the name of entry number `index`. They hold until the next filelist_add. */
const char *filelist_path(const struct filelist *list, size_t index);
const char *filelist_name(const struct filelist *list, size_t index);

/* Returns whether the list has a file of this name. The list must be finished. */
bool filelist_has(const struct filelist *list, const char *name);

/*
 * Writes what is not sent, if anything, as one line without a newline: "2 empty folders are not
 * sent". Returns whether there is anything to say.
 */
bool filelist_remark(const struct filelist *list, char *text, size_t size);

void filelist_clear(struct filelist *list);
#define cleanup_filelist __attribute__((cleanup(filelist_clear)))

#endif
