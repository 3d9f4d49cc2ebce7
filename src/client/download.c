/*
 * A part is locked (flock) by the program that writes it. The ETag is written before the bytes that
 * it stands for: a part without one is begun again.
 */
#include "download.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "digest.h"
#include "httpanswer.h"
#include "number.h"
#include "progress.h"
#include "quantity.h"
#include "repeat.h"
#include "take.h"
#include "tree.h"
#include "userfolder.h"
#include "write.h"

#define KEPT_S        (7 * 24 * 60 * 60) /* a part that nobody has touched for so long is removed */
#define RESTARTS_MOST 20                 /* times that the file may be another one on the server */
#define ETAG_TEXT     256

/* A running download. */
struct downloading {
	struct download *download;
	struct http_answer *answer;
	int64_t have, total; /* bytes of the file; a total of 0 is unknown */
	char etag[ETAG_TEXT];
	bool begun; /* the answer's head was read */
	int restarts;
	struct repeat repeat;
	struct progress progress;
};

/* Fills name with the part's name: NAME.part. */
static void
download_make_name(struct download *download, const char *url, const char *path)
{
	unsigned char bytes[DIGEST_BYTES];
	struct digest digest;

	digest_begin(&digest);
	digest_add(&digest, "url", url, strlen(url));
	digest_add(&digest, "path", path, strlen(path));
	digest_end(&digest, bytes);
	sodium_bin2hex(download->name, sizeof download->name, bytes, 16);
	strcat(download->name, ".part");
}

/* Writes the name of the file with the ETag of a part. */
static void
download_etag_name(const char *part, char name[static DOWNLOAD_NAME])
{
	snprintf(name, DOWNLOAD_NAME, "%.*s.etag", (int)(strlen(part) - strlen(".part")), part);
}

static void
download_unlink(int folder, const char *part)
{
	char etag[DOWNLOAD_NAME];

	download_etag_name(part, etag);
	(void)unlinkat(folder, part, 0);
	(void)unlinkat(folder, etag, 0);
}

/* Removes the parts that no program uses and that are old. */
static void
download_sweep(int folder)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct stat st;

	while (stream != NULL && (entry = tree_next(stream)) != NULL) {
		size_t length = strlen(entry->d_name);
		cleanup_close int fd = -1;

		if (length <= 5 || length >= DOWNLOAD_NAME ||
		    strcmp(entry->d_name + length - 5, ".part") != 0 ||
		    fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_mtim.tv_sec > clock_now_ms() / MS_PER_S - KEPT_S)
			continue;
		fd = openat(folder, entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			download_unlink(folder, entry->d_name);
	}
}

/*
 * Opens the part and locks it. If another program has it, opens a file without a name, which cannot
 * be resumed.
 */
static bool
download_open_part(struct download *download, const char *cache, struct error *err)
{
	struct stat opened, named;

	for (;;) {
		cleanup_close int fd = openat(download->folder, download->name,
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0)
			return error_errno(err, "write to the cache '%s' (XDG_CACHE_HOME)", cache);
		/* A filesystem without locks is used without. */
		if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
			break;
		/* The program that had it may have removed it meanwhile. */
		if (fstat(fd, &opened) == 0 &&
		    fstatat(download->folder, download->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		    opened.st_ino == named.st_ino) {
			download->fd = take_fd(&fd);
			return true;
		}
	}
	download->fd = openat(download->folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	download->name[0] = '\0';
	return download->fd >= 0 ||
	    error_errno(err, "another kabuto downloads the same file; write to the cache '%s'",
		cache);
}

/*
 * Opens a file without a name among the temporary files. It serves where the user has no home, as
 * in cron jobs and CI, and cannot be resumed. Returns false if there is none.
 */
static bool
download_open_temporary(struct download *download)
{
	const char *temporary = getenv("TMPDIR");

	if (getenv("XDG_CACHE_HOME") != NULL)
		return false;
	download->fd = open(temporary != NULL && temporary[0] == '/' ? temporary : "/var/tmp",
	    O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	download->name[0] = '\0';
	return download->fd >= 0;
}

static bool
download_open(struct download *download, const char *url, const char *path, struct error *err)
{
	cleanup_free char *cache = userfolder_path("XDG_CACHE_HOME", ".cache", "", err);

	*download = (struct download){ .fd = -1, .folder = -1 };
	if (cache == NULL || !userfolder_make(cache, err))
		return download_open_temporary(download) ||
		    error_wrap(err, "the cache for downloads (XDG_CACHE_HOME)");
	download->folder = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (download->folder < 0)
		return error_errno(err, "open the cache '%s'", cache);
	download_make_name(download, url, path);
	download_sweep(download->folder);
	return download_open_part(download, cache, err) || download_open_temporary(download);
}

/* Reads how much there is, and the ETag that it belongs to. Without one it is nothing. */
static void
download_read_state(struct downloading *downloading)
{
	const struct download *download = downloading->download;
	char name[DOWNLOAD_NAME];
	cleanup_close int fd = -1;
	ssize_t length = -1;
	struct stat st;

	downloading->have = 0;
	downloading->etag[0] = '\0';
	if (download->name[0] == '\0' || fstat(download->fd, &st) < 0 || st.st_size == 0)
		return;
	download_etag_name(download->name, name);
	fd = openat(download->folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		length = read(fd, downloading->etag, sizeof downloading->etag - 1);
	downloading->etag[length > 0 ? length : 0] = '\0';
	if (length > 0)
		downloading->have = st.st_size;
}

/* Writes the ETag of the bytes that will come. A weak one cannot be resumed (RFC 9110, 13.1.5). */
static bool
download_write_etag(const struct downloading *downloading, struct error *err)
{
	const struct download *download = downloading->download;
	size_t length = strlen(downloading->etag);
	char name[DOWNLOAD_NAME];
	cleanup_close int fd = -1;

	if (download->name[0] == '\0')
		return true;
	download_etag_name(download->name, name);
	(void)unlinkat(download->folder, name, 0);
	if (downloading->etag[0] != '"')
		return true;
	fd = openat(download->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return (fd >= 0 && write_whole(fd, downloading->etag, length) &&
		   close(take_fd(&fd)) == 0) ||
	    error_errno(err, "write to the cache (XDG_CACHE_HOME)");
}

static bool
download_check_room(const struct downloading *downloading, struct error *err)
{
	char needed[QUANTITY_TEXT], free[QUANTITY_TEXT];
	struct statvfs disk;
	int64_t room;

	if (fstatvfs(downloading->download->fd, &disk) < 0)
		return true; /* the writing will tell */
	room = (int64_t)(disk.f_bavail * disk.f_frsize);
	return downloading->total - downloading->have <= room ||
	    error_set(err, ERROR_NO_SPACE,
		"the download needs %s more, and the disk of the cache has %s free: make room, or let "
		"XDG_CACHE_HOME name a folder on another disk",
		quantity_format_bytes(downloading->total - downloading->have, needed),
		quantity_format_bytes(room, free));
}

/* Reads "bytes 100-199/200" (RFC 9110, section 14.4); first is -1 for "*". */
static bool
download_read_range(const struct http_answer *answer, int64_t *first, int64_t *total)
{
	char value[128], *slash, *dash;

	if (!httpanswer_header(answer, "Content-Range", value, sizeof value) ||
	    strncmp(value, "bytes ", 6) != 0 || (slash = strchr(value, '/')) == NULL ||
	    !number_parse_integer(slash + 1, total))
		return false;
	*first = -1;
	if (value[6] == '*')
		return true;
	dash = strchr(value, '-');
	if (dash == NULL)
		return false;
	*dash = '\0';
	return number_parse_integer(value + 6, first);
}

/* Begins the file again from its first byte, which the answer has. */
static bool
download_restart(struct downloading *downloading, struct error *err)
{
	char length[32];

	if (downloading->restarts++ == RESTARTS_MOST)
		return error_set(err, ERROR_CONFLICT,
		    "the file changes on the server all the time: try again when the job has ended");
	downloading->have = 0;
	downloading->total = 0;
	if (httpanswer_header(downloading->answer, "Content-Length", length, sizeof length))
		(void)number_parse_integer(length, &downloading->total);
	if (!httpanswer_header(downloading->answer, "ETag", downloading->etag,
		sizeof downloading->etag))
		downloading->etag[0] = '\0';
	if (ftruncate(downloading->download->fd, 0) < 0 ||
	    lseek(downloading->download->fd, 0, SEEK_SET) < 0)
		return error_errno(err, "write to the cache (XDG_CACHE_HOME)");
	return download_write_etag(downloading, err) && download_check_room(downloading, err);
}

/* Reads the head of an answer with bytes. */
static bool
download_begin(struct downloading *downloading, struct error *err)
{
	int64_t first;

	downloading->begun = true;
	if (downloading->answer->status != 206)
		return download_restart(downloading, err);
	if (!download_read_range(downloading->answer, &first, &downloading->total) ||
	    first != downloading->have)
		return error_set(err, ERROR_SYSTEM,
		    "the server sent another part of the file than it was asked for");
	if (lseek(downloading->download->fd, downloading->have, SEEK_SET) < 0)
		return error_errno(err, "write to the cache (XDG_CACHE_HOME)");
	return download_check_room(downloading, err);
}

static bool
download_write(void *context, const char *data, size_t length, struct error *err)
{
	struct downloading *downloading = context;

	if (!downloading->begun && !download_begin(downloading, err))
		return false;
	if (!write_whole(downloading->download->fd, data, length)) {
		/* What was written before the disk was full does not count twice. */
		(void)ftruncate(downloading->download->fd, downloading->have);
		return error_errno(err,
		    "write to the cache (let XDG_CACHE_HOME name a folder on another disk)");
	}
	downloading->have += (int64_t)length;
	repeat_moved(&downloading->repeat);
	progress_show(&downloading->progress, downloading->have, downloading->total);
	return true;
}

/* Asks for the file, or for the rest of it. */
static bool
download_ask(struct downloading *downloading, struct http *http, const char *path, bool *connected,
    struct error *err)
{
	cleanup_http_answer struct http_answer answer = { 0 };
	char range[64], if_range[ETAG_TEXT + 16];
	const char *const headers[] = { range, if_range, NULL };
	const struct http_request request = { .path = path,
		.accept = "*/*",
		.headers = downloading->have > 0 ? headers : NULL,
		.write = download_write,
		.context = downloading };
	int64_t first, total;
	bool done;

	snprintf(range, sizeof range, "Range: bytes=%lld-", (long long)downloading->have);
	snprintf(if_range, sizeof if_range, "If-Range: %s", downloading->etag);
	downloading->answer = &answer;
	downloading->begun = false;
	done = http_transfer(http, &request, &answer, err);
	*connected = answer.connected;
	progress_end(&downloading->progress);
	if (done && !downloading->begun) /* it has no bytes */
		return download_begin(downloading, err);
	if (done || answer.status != 416)
		return done;
	/* Nothing is missing, or the part is longer than the file and wrong. */
	if (download_read_range(&answer, &first, &total) && total == downloading->have)
		return true;
	if (downloading->have == 0) /* the whole file was asked for */
		return false;
	downloading->have = 0;
	return download_ask(downloading, http, path, connected, err);
}

bool
download_file(struct download *download, struct http *http, const char *path, bool quiet,
    struct error *err)
{
	struct downloading downloading = { .download = download };
	bool connected = false, done;

	if (!download_open(download, http->settings.url, path, err)) {
		download_keep(download);
		return false;
	}
	download_read_state(&downloading);
	repeat_begin(&downloading.repeat);
	progress_begin(&downloading.progress, "getting", quiet);
	while (!(done = download_ask(&downloading, http, path, &connected, err)) &&
	    repeat_after(&downloading.repeat, http, connected, err))
		continue;
	download->size = downloading.have;
	if (done && lseek(download->fd, 0, SEEK_SET) < 0)
		done = error_errno(err, "read the cache");
	if (!done)
		download_keep(download);
	return done;
}

/* Copies the file. What is written of it is removed if that fails. */
static bool
download_copy(const struct download *download, int dir, const char *name, struct error *err)
{
	cleanup_close int to =
	    openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

	if (to < 0)
		return error_errno(err, "create '%s'", name);
	if (lseek(download->fd, 0, SEEK_SET) == 0 && write_copy(download->fd, to) &&
	    close(take_fd(&to)) == 0)
		return true;
	error_errno(err, "write '%s'", name);
	(void)unlinkat(dir, name, 0);
	return false;
}

bool
download_move(struct download *download, int dir, const char *name, struct error *err)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	if (download->name[0] != '\0' &&
	    renameat2(download->folder, download->name, dir, name, RENAME_NOREPLACE) == 0) {
		(void)fchmod(download->fd, 0666 & ~mask);
	} else if (!download_copy(download, dir, name, err)) {
		return false;
	}
	if (download->name[0] != '\0')
		download_unlink(download->folder, download->name);
	download->name[0] = '\0';
	return true;
}

void
download_keep(struct download *download)
{
	if (download->fd >= 0)
		(void)close(take_fd(&download->fd));
	if (download->folder >= 0)
		(void)close(take_fd(&download->folder));
}

void
download_remove(struct download *download)
{
	if (download->folder >= 0 && download->name[0] != '\0')
		download_unlink(download->folder, download->name);
	download_keep(download);
}
