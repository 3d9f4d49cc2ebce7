/*
 * Packs an outbox. A job, possibly as root, has filled it with anything. So it is walked with
 * openat(2) and O_NOFOLLOW, and only regular files and folders are opened.
 */
#include "collect.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "confine.h"
#include "pathname.h"
#include "take.h"
#include "tree.h"
#include "utf8.h"
#include "windowsname.h"

#define DEPTH_MOST 200 /* levels of nested folders; each level uses a descriptor */
#define BLOCK      (128 * 1024)

#define WINDOWS_NAMED 10  /* names that are listed of those that Windows cannot hold */
#define WINDOWS_TEXT  512 /* bytes of the list; names behind it are only counted */

struct zip {
	struct archive *archive;
	struct archive_entry *entry;
	FILE *list;
	const struct collect *collect;
	int64_t room; /* bytes left for files */
	char *block;
	struct error *err;
	size_t windows_count,
	    windows_named; /* names that Windows cannot hold, and of them listed */
	char windows_names[WINDOWS_TEXT];
};

void
collect_remarks_clear(struct collect_remarks *remarks)
{
	for (size_t i = 0; i < remarks->count; i++)
		free(remarks->texts[i]);
	*remarks = (struct collect_remarks){ 0 };
}

static void __attribute__((format(printf, 2, 3)))
collect_add_remark(struct collect_remarks *remarks, const char *format, ...)
{
	va_list arguments;
	char *text;

	if (remarks->count == COLLECT_REMARKS_MOST) {
		remarks->unnamed++;
		return;
	}
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) >= 0)
		remarks->texts[remarks->count++] = text;
	va_end(arguments);
}

/* Returns the entry's name in the zip, or NULL without memory. The caller frees it. */
static char *
collect_valid_name(const char *folder, const char *name)
{
	size_t length = strlen(name), at = strlen(folder);
	char *valid = malloc(at + 1 + length * 3 + 2);

	if (valid == NULL)
		return NULL;
	at = (size_t)sprintf(valid, "%s%s", folder, folder[0] != '\0' ? "/" : "");
	while (length > 0) {
		size_t size = utf8_character(name, length);

		if (size == 0) {
			at += (size_t)sprintf(valid + at, "%%%02X", (unsigned char)*name);
			size = 1;
		} else {
			memcpy(valid + at, name, size);
			at += size;
		}
		name += size;
		length -= size;
	}
	valid[at] = '\0';
	return valid;
}

static bool
collect_archive_failed(struct zip *zip, const char *doing)
{
	errno = archive_errno(zip->archive);
	if (errno == ENOSPC || errno == EDQUOT)
		return error_errno(zip->err, "%s", doing);
	return error_set(zip->err, ERROR_SYSTEM, "%s: %s", doing,
	    archive_error_string(zip->archive));
}

/* target: of a symbolic link. */
static bool
collect_put_header(struct zip *zip, const char *name, const char *target, const struct stat *st)
{
	zip->collect->remarks->entries++;
	archive_entry_clear(zip->entry);
	/* Not ..._utf8, which composes characters: two names could become one. */
	archive_entry_set_pathname(zip->entry, name);
	archive_entry_set_filetype(zip->entry,
	    S_ISDIR(st->st_mode)       ? AE_IFDIR
		: S_ISLNK(st->st_mode) ? AE_IFLNK
				       : AE_IFREG);
	archive_entry_set_perm(zip->entry, st->st_mode & 0777);
	archive_entry_set_mtime(zip->entry, st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(zip->entry, S_ISREG(st->st_mode) ? st->st_size : 0);
	if (target != NULL)
		archive_entry_set_symlink(zip->entry, target);
	return archive_write_header(zip->archive, zip->entry) >= ARCHIVE_WARN ||
	    collect_archive_failed(zip, "write the results' zip");
}

/*
 * Writes a line of the list: the offset of the file's header in the zip, and the JSON for the API.
 */
static bool
collect_put_line(struct zip *zip, int64_t offset, const char *name, int64_t size,
    crypto_hash_sha256_state *hash)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof digest + 1];
	cleanup_json json_t *json = NULL;
	cleanup_free char *text = NULL;

	crypto_hash_sha256_final(hash, digest);
	sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
	json = json_pack("{s:s, s:I, s:s}", "name", name, "size", (json_int_t)size, "sha256", hex);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	if (text == NULL)
		return error_set(zip->err, ERROR_SYSTEM, "list the outbox: not enough memory");
	return fprintf(zip->list, "%lld %s\n", (long long)offset, text) > 0 ||
	    error_errno(zip->err, "write the results' list");
}

static bool
collect_put_content(struct zip *zip, int fd, const char *name, int64_t left,
    crypto_hash_sha256_state *hash)
{
	while (left > 0) {
		ssize_t length;

		if (*zip->collect->stop)
			return error_set(zip->err, ERROR_INTERRUPTED, "interrupted");
		length = read(fd, zip->block, left < BLOCK ? (size_t)left : BLOCK);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return error_errno(zip->err, "read '%s' of the outbox", name);
		if (length == 0)
			return error_set(zip->err, ERROR_SYSTEM,
			    "read '%s' of the outbox: it ended early, since something still writes to it",
			    name);
		if (archive_write_data(zip->archive, zip->block, (size_t)length) < 0)
			return collect_archive_failed(zip, "write the results' zip");
		crypto_hash_sha256_update(hash, (const unsigned char *)zip->block,
		    (unsigned long long)length);
		left -= length;
	}
	return true;
}

static bool
collect_put_file(struct zip *zip, int dir, const char *file, const char *name,
    const struct stat *st)
{
	cleanup_close int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	crypto_hash_sha256_state hash;
	int64_t offset;

	if (fd < 0)
		return error_errno(zip->err, "read '%s' of the outbox", name);
	/* Write the end of the former entry before the next header. */
	if (archive_write_finish_entry(zip->archive) < ARCHIVE_WARN)
		return collect_archive_failed(zip, "write the results' zip");
	offset = archive_filter_bytes(zip->archive, 0);
	if (!collect_put_header(zip, name, NULL, st))
		return false;
	zip->room -= st->st_size;
	crypto_hash_sha256_init(&hash);
	return collect_put_content(zip, fd, name, st->st_size, &hash) &&
	    collect_put_line(zip, offset, name, st->st_size, &hash);
}

/*
 * Writes a symbolic link. *kept becomes false if it may lead out of the outbox: then it is not
 * written.
 */
static bool
collect_put_link(struct zip *zip, int dir, const char *file, const char *name, int depth,
    const struct stat *st, bool *kept)
{
	char target[PATH_MAX + 1];
	cleanup_free char *valid = NULL;
	ssize_t length = readlinkat(dir, file, target, sizeof target);

	if (length < 0)
		return error_errno(zip->err, "read the link '%s' of the outbox", name);
	*kept = length < (ssize_t)sizeof target;
	target[*kept ? length : 0] = '\0';
	*kept = *kept && pathname_stays_within(target, depth);
	if (!*kept)
		return true;
	valid = collect_valid_name("", target); /* as the name of the file to which it leads */
	if (valid == NULL)
		return error_set(zip->err, ERROR_SYSTEM, "zip the outbox: not enough memory");
	return collect_put_header(zip, name, valid, st);
}

/* Adds the name to the list of those that Windows cannot hold, if it is one. */
static void
collect_note_windows(struct zip *zip, const char *file, const char *name)
{
	size_t used = strlen(zip->windows_names);

	if (windowsname_fits(file))
		return;
	zip->windows_count++;
	if (zip->windows_named == WINDOWS_NAMED || used + strlen(name) + 3 > WINDOWS_TEXT)
		return;
	sprintf(zip->windows_names + used, "%s%s", used > 0 ? ", " : "", name);
	utf8_printable(zip->windows_names + used);
	zip->windows_named++;
}

/* Adds the remark about these names. It has a place of its own behind the others. */
static void
collect_add_windows_remark(struct zip *zip)
{
	struct collect_remarks *remarks = zip->collect->remarks;
	size_t more = zip->windows_count - zip->windows_named;
	char unnamed[48] = "";
	char *text;

	if (zip->windows_count == 0)
		return;
	if (more > 0)
		snprintf(unnamed, sizeof unnamed, "%s%zu%s", zip->windows_named > 0 ? " and " : "",
		    more, zip->windows_named > 0 ? " more" : " long names");
	if (asprintf(&text, "names in the results that Windows cannot hold: %s%s",
		zip->windows_names, unnamed) >= 0)
		remarks->texts[remarks->count++] = text;
}

static bool collect_put_folder(struct zip *zip, int dir, const char *file, const char *name,
    int depth);

/*
 * Writes an entry. *kept becomes false if it is of a kind that is left out, or over a limit.
 */
static bool
collect_put_known(struct zip *zip, int dir, const char *file, const char *name, int depth,
    const struct stat *st, bool *kept)
{
	*kept = true;
	if (S_ISREG(st->st_mode) && st->st_size <= zip->room)
		return collect_put_file(zip, dir, file, name, st);
	if (S_ISLNK(st->st_mode))
		return collect_put_link(zip, dir, file, name, depth, st, kept);
	if (S_ISDIR(st->st_mode) && depth < DEPTH_MOST)
		return collect_put_header(zip, name, NULL, st) &&
		    collect_put_folder(zip, dir, file, name, depth + 1);
	*kept = false;
	return true;
}

static bool
collect_put_entry(struct zip *zip, int dir, const char *file, const char *folder, int depth)
{
	cleanup_free char *name = collect_valid_name(folder, file);
	struct stat st;
	bool kept;

	if (name == NULL)
		return error_set(zip->err, ERROR_SYSTEM, "zip the outbox: not enough memory");
	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(zip->err, "inspect '%s' of the outbox", name);
	if (!collect_put_known(zip, dir, file, name, depth, &st, &kept))
		return false;
	if (kept) {
		collect_note_windows(zip, file, name);
		return true;
	}
	collect_add_remark(zip->collect->remarks, "left out of the results: %s (%s)",
	    utf8_printable(name),
	    S_ISREG(st.st_mode)       ? "over the disk limit"
		: S_ISDIR(st.st_mode) ? "folders too deep"
		: S_ISLNK(st.st_mode) ? "a symbolic link that is not a relative path within /outbox"
		: S_ISFIFO(st.st_mode) ? "a FIFO"
		: S_ISSOCK(st.st_mode) ? "a socket"
				       : "a device");
	return true;
}

static bool
collect_put_folder(struct zip *zip, int dir, const char *file, const char *name, int depth)
{
	int fd = openat(dir, file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_dir DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (stream == NULL)
		return error_errno(zip->err, "read the folder '%s' of the outbox", name);
	while ((entry = tree_next(stream)) != NULL)
		if (!collect_put_entry(zip, fd, entry->d_name, name, depth))
			return false;
	return errno == 0 || error_errno(zip->err, "read the folder '%s' of the outbox", name);
}

static bool
collect_zip_outbox(const struct collect *collect, int to, FILE *list, struct error *err)
{
	cleanup_free char *block = malloc(BLOCK);
	struct zip zip = { .archive = archive_write_new(),
		.entry = archive_entry_new(),
		.list = list,
		.collect = collect,
		.room = collect->limit,
		.block = block,
		.err = err };
	bool done = false;

	if (zip.archive == NULL || zip.entry == NULL || block == NULL)
		error_set(err, ERROR_SYSTEM, "zip the outbox: not enough memory");
	else if (archive_write_set_format_zip(zip.archive) != ARCHIVE_OK ||
	    archive_write_open_fd(zip.archive, to) != ARCHIVE_OK)
		collect_archive_failed(&zip, "begin the results' zip");
	else
		done = collect_put_folder(&zip, collect->outbox, ".", "", 0) &&
		    (archive_write_close(zip.archive) == ARCHIVE_OK ||
			collect_archive_failed(&zip, "end the results' zip"));
	collect_add_windows_remark(&zip);
	archive_entry_free(zip.entry);
	archive_write_free(zip.archive);
	return done;
}

/* Creates a file of the results in incoming/. It is moved to results/ when it is complete. */
static int
collect_create(const struct spool *spool, const char *file, struct error *err)
{
	int fd = openat(spool->incoming, file, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0640);

	if (fd < 0)
		error_errno(err, "create the results '%s'", file);
	return fd;
}

/*
 * Flushes the file. It was created in incoming/, but the group of results/ must be able to read it.
 */
static bool
collect_flush(const struct collect *collect, int fd, struct error *err)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)(clock_now_ms() / MS_PER_S + collect->attempt) } };
	struct stat results, made;

	if (fstat(collect->spool->results, &results) < 0 || fstat(fd, &made) < 0 ||
	    (made.st_gid != results.st_gid && fchown(fd, (uid_t)-1, results.st_gid) < 0) ||
	    futimens(fd, times) < 0 || fchmod(fd, 0640) < 0 || fsync(fd) < 0)
		return error_errno(err, "write the results");
	return true;
}

static bool
collect_write_files(const struct collect *collect, const char *zip_name, const char *list_name,
    struct error *err)
{
	cleanup_close int zip = collect_create(collect->spool, zip_name, err);
	int list_fd = zip < 0 ? -1 : collect_create(collect->spool, list_name, err);
	cleanup_file FILE *list = list_fd < 0 ? NULL : fdopen(list_fd, "w");

	if (list_fd < 0)
		return false;
	if (list == NULL) {
		(void)close(list_fd);
		return error_set(err, ERROR_SYSTEM, "list the outbox: not enough memory");
	}
	if (!collect_zip_outbox(collect, zip, list, err))
		return false;
	if (fflush(list) != 0)
		return error_errno(err, "write the results' list");
	return collect_flush(collect, list_fd, err) && collect_flush(collect, zip, err) &&
	    (close(take_fd(&zip)) == 0 || error_errno(err, "write the results' zip"));
}

static bool
collect_publish(const struct collect *collect, struct error *err)
{
	struct spool *spool = collect->spool;
	char zip[SPOOL_RESULTS_NAME], list[SPOOL_RESULTS_NAME];

	spool_results_name(zip, collect->name, "zip");
	spool_results_name(list, collect->name, "list");
	if (collect_write_files(collect, zip, list, err) &&
	    spool_publish(spool->incoming, list, spool->results, list, err) &&
	    spool_publish(spool->incoming, zip, spool->results, zip, err))
		return true;
	(void)unlinkat(spool->incoming, zip, 0);
	(void)unlinkat(spool->incoming, list, 0);
	return false;
}

/*
 * The arguments of the packing thread, which can reach only the outbox and the two folders of
 * results.
 */
struct packer {
	const struct collect *collect;
	struct confine confine;
	bool done;
	struct error *err;
};

static void *
collect_pack(void *argument)
{
	struct packer *packer = argument;

	packer->done = confine_apply(&packer->confine)
	    ? collect_publish(packer->collect, packer->err)
	    : error_errno(packer->err, "confine the packing of an outbox");
	return NULL;
}

/*
 * Allows the files of the time zone, which libarchive reads, and the modules with which glibc
 * converts names.
 */
static bool
collect_allow_paths(struct packer *packer, struct error *err)
{
	const struct spool *spool = packer->collect->spool;
	const struct {
		int fd;
		enum confine_access access;
	} folders[] = { { packer->collect->outbox, CONFINE_READ },
		{ spool->incoming, CONFINE_WRITE }, { spool->results, CONFINE_WRITE } };
	char path[40];

	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", folders[i].fd);
		if (!confine_allow_path(&packer->confine, path, folders[i].access, err))
			return false;
	}
	return confine_allow_path(&packer->confine, "/etc/localtime", CONFINE_READ, err) &&
	    confine_allow_path(&packer->confine, "/usr/share/zoneinfo", CONFINE_READ, err) &&
	    confine_allow_path(&packer->confine, "/usr/lib", CONFINE_EXECUTE, err);
}

bool
collect_outbox(const struct collect *collect, struct error *err)
{
	struct packer packer = { .collect = collect, .err = err };
	pthread_t thread;
	bool allowed;

	if (!confine_begin(&packer.confine, err))
		return false;
	allowed = collect_allow_paths(&packer, err);
	errno = allowed ? pthread_create(&thread, NULL, collect_pack, &packer) : 0;
	if (allowed && errno != 0)
		allowed = error_errno(err, "start a thread");
	if (allowed)
		pthread_join(thread, NULL);
	confine_end(&packer.confine);
	return allowed && packer.done;
}
