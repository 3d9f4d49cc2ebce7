/*
 * Numbers in a zip are little-endian. A field of all ones means that its value stands in the extra
 * field of Zip64.
 */
#include "zipdirectory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW (256 * 1024) /* bytes: the longest header fits */

/* Lengths of the records without their variable parts, and the fields in them. */
#define END_LENGTH     22
#define LOCATOR_LENGTH 20
#define END64_LENGTH   56
#define ENTRY_LENGTH   46
#define LOCAL_LENGTH   30
#define ZIP64          0x0001 /* the id of the extra field */
#define MADE_ON_UNIX   3
#define ENCRYPTED      0x0001

static bool
zipdirectory_damaged(const char *what, struct error *err)
{
	return error_set(err, ERROR_INPUT, "the zip is damaged (%s): nothing was unpacked", what);
}

static uint64_t
zipdirectory_number(const char *at, int bytes)
{
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | (unsigned char)at[bytes];
	return number;
}

/* Reads length bytes at `at`. False with err: the file is shorter, or cannot be read. */
static bool
zipdirectory_read(int fd, void *to, size_t length, int64_t at, struct error *err)
{
	char *next = to;

	while (length > 0) {
		ssize_t got = pread(fd, next, length, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "read the zip");
		if (got == 0)
			return zipdirectory_damaged("it ends early", err);
		next += got;
		at += got;
		length -= (size_t)got;
	}
	return true;
}

/* Finds the record that ends a zip: behind it comes only a comment. */
static bool
zipdirectory_find_end(int fd, int64_t size, int64_t *at, char *end, struct error *err)
{
	static const int64_t comment_most = UINT16_MAX;
	int64_t from = size - END_LENGTH;

	for (; from >= 0 && from >= size - END_LENGTH - comment_most; from--) {
		if (!zipdirectory_read(fd, end, END_LENGTH, from, err))
			return false;
		if (memcmp(end, "PK\005\006", 4) == 0 &&
		    from + END_LENGTH + (int64_t)zipdirectory_number(end + 20, 2) == size) {
			*at = from;
			return true;
		}
	}
	return zipdirectory_damaged("it has no directory", err);
}

/* Reads the record of Zip64 whose place stands before the record that ends the zip. */
static bool
zipdirectory_read_end64(struct zipdirectory *directory, int64_t end_at, struct error *err)
{
	char locator[LOCATOR_LENGTH], end[END64_LENGTH];
	uint64_t at, count, length;

	if (end_at < LOCATOR_LENGTH ||
	    !zipdirectory_read(directory->fd, locator, sizeof locator, end_at - LOCATOR_LENGTH,
		err) ||
	    memcmp(locator, "PK\006\007", 4) != 0)
		return zipdirectory_damaged("its directory cannot be found", err);
	at = zipdirectory_number(locator + 8, 8);
	if (at > (uint64_t)(end_at - LOCATOR_LENGTH) ||
	    !zipdirectory_read(directory->fd, end, sizeof end, (int64_t)at, err) ||
	    memcmp(end, "PK\006\006", 4) != 0)
		return zipdirectory_damaged("its directory cannot be found", err);
	count = zipdirectory_number(end + 32, 8);
	length = zipdirectory_number(end + 40, 8);
	directory->begin = (int64_t)zipdirectory_number(end + 48, 8);
	if (directory->begin < 0 || (uint64_t)directory->begin > at ||
	    length > at - (uint64_t)directory->begin || count > length / ENTRY_LENGTH)
		return zipdirectory_damaged("its directory has wrong lengths", err);
	directory->end = directory->begin + (int64_t)length;
	directory->count = (int64_t)count;
	return true;
}

static bool
zipdirectory_read_end(struct zipdirectory *directory, struct error *err)
{
	char end[END_LENGTH];
	int64_t end_at = 0;
	struct stat st;
	uint64_t length;

	if (fstat(directory->fd, &st) < 0)
		return error_errno(err, "read the zip");
	if (!zipdirectory_find_end(directory->fd, st.st_size, &end_at, end, err))
		return false;
	directory->count = (int64_t)zipdirectory_number(end + 10, 2);
	length = zipdirectory_number(end + 12, 4);
	directory->begin = (int64_t)zipdirectory_number(end + 16, 4);
	if (directory->count == UINT16_MAX || length == UINT32_MAX ||
	    directory->begin == UINT32_MAX)
		return zipdirectory_read_end64(directory, end_at, err);
	directory->end = directory->begin + (int64_t)length;
	return directory->end <= end_at || zipdirectory_damaged("its directory is too long", err);
}

bool
zipdirectory_open(struct zipdirectory *directory, int fd, struct error *err)
{
	*directory = (struct zipdirectory){ .fd = fd, .window = malloc(WINDOW) };
	if (directory->window == NULL)
		return error_set(err, ERROR_SYSTEM, "read the zip: not enough memory");
	if (!zipdirectory_read_end(directory, err))
		return false;
	zipdirectory_rewind(directory);
	return true;
}

void
zipdirectory_rewind(struct zipdirectory *directory)
{
	directory->at = directory->begin;
	directory->left = directory->count;
}

void
zipdirectory_close(struct zipdirectory *directory)
{
	free(directory->window);
	*directory = (struct zipdirectory){ .fd = -1 };
}

/* Returns the next `length` bytes of the directory, or NULL with err. */
static const char *
zipdirectory_peek(struct zipdirectory *directory, int64_t length, struct error *err)
{
	if (length > directory->end - directory->at) {
		(void)zipdirectory_damaged("its directory ends early", err);
		return NULL;
	}
	if (directory->at < directory->window_at ||
	    directory->at + length > directory->window_at + directory->window_length) {
		int64_t rest = directory->end - directory->at;

		directory->window_at = directory->at;
		directory->window_length = rest < WINDOW ? rest : WINDOW;
		if (!zipdirectory_read(directory->fd, directory->window,
			(size_t)directory->window_length, directory->at, err)) {
			directory->window_length = 0;
			return NULL;
		}
	}
	return directory->window + (directory->at - directory->window_at);
}

/* Replaces values of all ones by those in the extra field of Zip64. */
static bool
zipdirectory_read_zip64(const char *extra, size_t length, int64_t *const values[3],
    struct error *err)
{
	while (length >= 4) {
		size_t id = zipdirectory_number(extra, 2), size = zipdirectory_number(extra + 2, 2);

		extra += 4;
		length -= 4;
		if (size > length)
			break;
		for (int i = 0; id == ZIP64 && i < 3; i++) {
			if (*values[i] != UINT32_MAX)
				continue;
			if (size < 8)
				return zipdirectory_damaged("a size is missing", err);
			*values[i] = (int64_t)zipdirectory_number(extra, 8);
			extra += 8;
			length -= 8;
			size -= 8;
		}
		extra += size;
		length -= size;
	}
	return true;
}

/* Compares the local header, and finds where the packed bytes begin. */
static bool
zipdirectory_read_local(const struct zipdirectory *directory, struct zipdirectory_entry *entry,
    size_t name_length, struct error *err)
{
	char local[LOCAL_LENGTH + UINT16_MAX];

	if (entry->offset < 0 || entry->offset > directory->begin - LOCAL_LENGTH ||
	    !zipdirectory_read(directory->fd, local, LOCAL_LENGTH, entry->offset, err) ||
	    memcmp(local, "PK\003\004", 4) != 0)
		return zipdirectory_damaged("an entry is missing", err);
	if (zipdirectory_number(local + 26, 2) != name_length ||
	    !zipdirectory_read(directory->fd, local + LOCAL_LENGTH, name_length,
		entry->offset + LOCAL_LENGTH, err) ||
	    memcmp(local + LOCAL_LENGTH, entry->name, name_length) != 0)
		return zipdirectory_damaged("an entry has two names", err);
	entry->data = entry->offset + LOCAL_LENGTH + (int64_t)name_length +
	    (int64_t)zipdirectory_number(local + 28, 2);
	return (entry->packed >= 0 && entry->size >= 0 && entry->data <= directory->begin &&
		   entry->packed <= directory->begin - entry->data) ||
	    zipdirectory_damaged("an entry has a wrong size", err);
}

bool
zipdirectory_next(struct zipdirectory *directory, struct zipdirectory_entry *entry, bool *ended,
    struct error *err)
{
	int64_t *const values[3] = { &entry->size, &entry->packed, &entry->offset };
	size_t name_length, extra_length, comment_length;
	const char *head;

	*ended = directory->left == 0;
	if (*ended)
		return true;
	head = zipdirectory_peek(directory, ENTRY_LENGTH, err);
	if (head == NULL)
		return false;
	name_length = zipdirectory_number(head + 28, 2);
	extra_length = zipdirectory_number(head + 30, 2);
	comment_length = zipdirectory_number(head + 32, 2);
	if (memcmp(head, "PK\001\002", 4) != 0 ||
	    (zipdirectory_number(head + 8, 2) & ENCRYPTED) != 0)
		return zipdirectory_damaged("its directory has an entry of another kind", err);
	head = zipdirectory_peek(directory,
	    (int64_t)(ENTRY_LENGTH + name_length + extra_length + comment_length), err);
	if (head == NULL)
		return false;
	entry->stored = zipdirectory_number(head + 10, 2) == 0;
	entry->packed = (int64_t)zipdirectory_number(head + 20, 4);
	entry->size = (int64_t)zipdirectory_number(head + 24, 4);
	entry->offset = (int64_t)zipdirectory_number(head + 42, 4);
	entry->mode = head[5] == MADE_ON_UNIX ? (mode_t)zipdirectory_number(head + 40, 2) : 0;
	memcpy(entry->name, head + ENTRY_LENGTH, name_length);
	entry->name[name_length] = '\0';
	if (strlen(entry->name) != name_length)
		return zipdirectory_damaged("a name contains a NUL byte", err);
	if (!zipdirectory_read_zip64(head + ENTRY_LENGTH + name_length, extra_length, values,
		err) ||
	    !zipdirectory_read_local(directory, entry, name_length, err))
		return false;
	entry->folder = name_length > 0 && entry->name[name_length - 1] == '/';
	if (entry->folder)
		entry->name[name_length - 1] = '\0';
	directory->at += (int64_t)(ENTRY_LENGTH + name_length + extra_length + comment_length);
	directory->left--;
	return true;
}
