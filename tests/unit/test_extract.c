/*
 * Zips that are whole, hostile or damaged, and targets of each kind.
 */
#include "support.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/file.h>

#include "extract.h"

#define PARTS_MOST 6
#define LINK       (S_IFLNK | 0777)
#define FOLDER     (S_IFDIR | 0755)
#define FILE_MODE  (S_IFREG | 0644)

/* An entry of a zip that a test makes. */
struct part {
	const char *name;    /* in the directory */
	mode_t mode;         /* 0: the zip says nothing */
	const char *content; /* stored as it is */
	const char *local;   /* the name in the local header; NULL: the same */
	int64_t size;        /* that the directory claims; 0: the true one */
	bool hidden;         /* not in the directory */
	bool twice;          /* two entries of the directory name this place */
};

#define ENTRY(n, m, c, ...)                                                                        \
	{                                                                                          \
		.name = (n), .mode = (m), .content = (c), __VA_ARGS__                              \
	}

static void
put_number(FILE *to, uint64_t number, int bytes)
{
	for (; bytes-- > 0; number >>= 8)
		putc((int)(number & 0xff), to);
}

/* CRC-32 as in zips (ISO 3309). */
static uint32_t
checksum(const char *data)
{
	uint32_t crc = 0xffffffff;

	for (; *data != '\0'; data++) {
		crc ^= (unsigned char)*data;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

static void
put_local(FILE *to, const struct part *part)
{
	const char *name = part->local != NULL ? part->local : part->name;

	fputs("PK\003\004", to);
	put_number(to, 20, 2);        /* version */
	put_number(to, 0, 2 + 2 + 4); /* flags, stored, time */
	put_number(to, checksum(part->content), 4);
	put_number(to, strlen(part->content), 4);
	put_number(to, strlen(part->content), 4);
	put_number(to, strlen(name), 2);
	put_number(to, 0, 2);
	fputs(name, to);
	fputs(part->content, to);
}

static void
put_central(FILE *to, const struct part *part, uint64_t offset)
{
	uint64_t size = part->size != 0 ? (uint64_t)part->size : strlen(part->content);

	fputs("PK\001\002", to);
	put_number(to, part->mode != 0 ? 0x0314 : 0x0014, 2); /* made on a Unix, or not */
	put_number(to, 45, 2);
	put_number(to, 0, 2 + 2 + 4);
	put_number(to, checksum(part->content), 4);
	put_number(to, strlen(part->content), 4);
	put_number(to, size > UINT32_MAX ? UINT32_MAX : size, 4);
	put_number(to, strlen(part->name), 2);
	put_number(to, size > UINT32_MAX ? 12 : 0, 2);
	put_number(to, 0, 2 + 2 + 2);
	put_number(to, (uint64_t)part->mode << 16, 4);
	put_number(to, offset, 4);
	fputs(part->name, to);
	if (size > UINT32_MAX) {
		put_number(to, 1, 2);
		put_number(to, 8, 2);
		put_number(to, size, 8);
	}
}

/* Writes the zip to the file "zip" of the folder. Returns its descriptor. */
static int
make_zip(const struct folder *folder, const struct part *parts)
{
	int fd = openat(folder->fd, "zip", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *to = fdopen(dup(fd), "w");
	uint64_t offsets[PARTS_MOST], begin, end, count = 0;
	int parts_count = 0;

	for (; parts_count < PARTS_MOST && parts[parts_count].content != NULL; parts_count++) {
		offsets[parts_count] = (uint64_t)ftell(to);
		put_local(to, &parts[parts_count]);
	}
	begin = (uint64_t)ftell(to);
	for (int i = 0; i < parts_count; i++)
		for (int n = parts[i].hidden ? 0 : parts[i].twice ? 2 : 1; n > 0; n--) {
			put_central(to, &parts[i], offsets[i]);
			count++;
		}
	end = (uint64_t)ftell(to);
	fputs("PK\005\006", to);
	put_number(to, 0, 4);
	put_number(to, count, 2);
	put_number(to, count, 2);
	put_number(to, end - begin, 4);
	put_number(to, begin, 4);
	put_number(to, 0, 2);
	assert_int_equal(fclose(to), 0);
	return fd;
}

/* The tests run in their folder. */
static int
scene_setup(void **state)
{
	return folder_setup(state) == 0 && fchdir(((struct folder *)*state)->fd) == 0 ? 0 : -1;
}

static int
scene_teardown(void **state)
{
	return chdir("/") == 0 ? folder_teardown(state) : -1;
}

/* How many entries the folder has. */
static int
count_entries(int dir, const char *name)
{
	DIR *stream = fdopendir(openat(dir, name, O_RDONLY | O_DIRECTORY));
	int count = 0;

	assert_non_null(stream);
	while (tree_next(stream) != NULL)
		count++;
	(void)closedir(stream);
	return count;
}

static void
check_content(const struct folder *folder, const char *name, const char *content)
{
	size_t length;
	cleanup_free char *text = file_get(folder->fd, name, &length);

	assert_string_equal(text, content);
	assert_int_equal(length, strlen(content));
}

static void
test_zip_is_unpacked_with_its_modes_links_and_names(void **state)
{
	static const struct part parts[] = {
		ENTRY("a.txt", S_IFREG | 04755, "hello"),
		ENTRY("dir/", FOLDER, ""),
		ENTRY("dir/sub/line\nfeed \"quoted\" caf\xc3\xa9", S_IFREG | 0400, "1"),
		ENTRY("dir/sub/latin1 \xe9", 0, "2"),
		ENTRY("dir/link", LINK, "../a.txt"),
		ENTRY("empty/", S_IFDIR | 0500, ""),
	};
	static const char *const locales[] = { "C", "C.UTF-8" };
	const struct folder *folder = *state;
	mode_t before = umask(022);

	for (size_t i = 0; i < COUNT(locales); i++) {
		cleanup_close int zip = make_zip(folder, parts);
		struct extract extract = { .target = "out" };
		char target[64] = "";
		struct error err;

		assert_non_null(setlocale(LC_ALL, locales[i]));
		must(extract_zip(&extract, zip, &err), &err);
		assert_int_equal(extract.files, 4);
		assert_int_equal(extract.size, 7);
		check_content(folder, "out/a.txt", "hello");
		check_content(folder, "out/dir/sub/line\nfeed \"quoted\" caf\xc3\xa9", "1");
		check_content(folder, "out/dir/sub/latin1 \xe9", "2");
		check_content(folder, "out/dir/link", "hello");
		assert_int_equal(readlinkat(folder->fd, "out/dir/link", target, sizeof target), 8);
		assert_int_equal(file_mode(folder->fd, "out/a.txt"), 0755);
		assert_int_equal(file_mode(folder->fd,
				     "out/dir/sub/line\nfeed \"quoted\" caf\xc3\xa9"),
		    0600);
		assert_int_equal(file_mode(folder->fd, "out/dir/sub/latin1 \xe9"), 0644);
		assert_int_equal(file_mode(folder->fd, "out/empty"), 0700);
		assert_int_equal(file_mode(folder->fd, "out"), 0755);
		assert_int_equal(count_entries(folder->fd, "."), 2); /* nothing but zip and out */
		must(tree_remove(folder->fd, "out", &err), &err);
	}
	(void)umask(before);
}

static void
write_entry(struct archive *archive, const char *name, mode_t mode, const char *content)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_size(entry, S_ISREG(mode) ? (la_int64_t)strlen(content) : 0);
	archive_entry_set_mtime(entry, 1000000000, 0);
	if (S_ISLNK(mode))
		archive_entry_set_symlink(entry, content);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	if (S_ISREG(mode))
		assert_int_equal(archive_write_data(archive, content, strlen(content)),
		    strlen(content));
	archive_entry_free(entry);
}

static void
test_zip_of_the_server_s_library_is_unpacked(void **state)
{
	const struct folder *folder = *state;
	cleanup_close int zip = openat(folder->fd, "zip", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct archive *archive = archive_write_new();
	struct extract extract = { .target = "out" };
	struct error err;
	char name[32];

	assert_int_equal(archive_write_set_format_zip(archive), ARCHIVE_OK);
	assert_int_equal(archive_write_open_fd(archive, zip), ARCHIVE_OK);
	write_entry(archive, "dir", S_IFDIR | 0750, "");
	write_entry(archive, "dir/a b", S_IFREG | 0640, "some content, some content");
	write_entry(archive, "dir/empty", S_IFREG | 0644, "");
	write_entry(archive, "dir/link", S_IFLNK | 0777, "../last");
	write_entry(archive, "void", S_IFDIR | 0755, "");
	write_entry(archive, "line\nfeed", S_IFREG | 0644, "1");
	write_entry(archive, "back\\", S_IFREG | 0644, "2");
	write_entry(archive, "a\\b", S_IFREG | 0644, "3");
	for (int i = 0; i < 70000; i++) { /* more than a zip without Zip64 can count */
		snprintf(name, sizeof name, "many/%d", i);
		write_entry(archive, name, S_IFREG | 0644, i % 2 ? name : "");
	}
	write_entry(archive, "last", S_IFREG | 0644, "end");
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
	must(extract_zip(&extract, zip, &err), &err);
	assert_int_equal(extract.files, 70007);
	check_content(folder, "out/dir/a b", "some content, some content");
	check_content(folder, "out/dir/link", "end");
	check_content(folder, "out/line\nfeed", "1");
	check_content(folder, "out/back\\", "2");
	check_content(folder, "out/a\\b", "3");
	check_content(folder, "out/many/69999", "many/69999");
	assert_int_equal(count_entries(folder->fd, "out/void"), 0);
	assert_int_equal(count_entries(folder->fd, "out/many"), 70000);
}

static void
test_empty_zip_makes_an_empty_folder(void **state)
{
	static const struct part parts[1] = { { .content = NULL } };
	cleanup_close int zip = make_zip(*state, parts);
	struct extract extract = { .target = "out" };
	struct error err;

	must(extract_zip(&extract, zip, &err), &err);
	assert_int_equal(extract.files, 0);
	assert_int_equal(count_entries(AT_FDCWD, "out"), 0);
}

static void
test_hostile_zip_leaves_nothing(void **state)
{
	static const struct {
		const char *error;
		struct part parts[PARTS_MOST];
	} rows[] = {
		{ "an absolute name", { ENTRY("/etc/x", FILE_MODE, "x") } },
		{ "leads out", { ENTRY("good", FILE_MODE, "x"), ENTRY("../x", FILE_MODE, "x") } },
		{ "leads out", { ENTRY("a/../../x", FILE_MODE, "x") } },
		{ "leads out", { ENTRY("a/..", FILE_MODE, "x") } },
		{ "leads out", { ENTRY("a/../", FOLDER, "") } },
		{ "leads out", { ENTRY("..", LINK, "x") } },
		{ "empty parts", { ENTRY("a//b", FILE_MODE, "x") } },
		{ "empty parts", { ENTRY("./a", FILE_MODE, "x") } },
		{ "empty parts", { ENTRY("", FILE_MODE, "x") } },
		{ "an absolute name", { ENTRY("//", FOLDER, "") } },
		{ "a device", { ENTRY("null", S_IFCHR | 0666, "") } },
		{ "a device", { ENTRY("fifo", S_IFIFO | 0666, "") } },
		{ "a device", { ENTRY("socket", S_IFSOCK | 0666, "") } },
		{ "link that leads out", { ENTRY("l", LINK, "../x") } },
		{ "link that leads out", { ENTRY("l", LINK, "/etc/passwd") } },
		{ "link that leads out", { ENTRY("a/l", LINK, "../../x") } },
		{ "link that leads out",
		    { ENTRY("a/", FOLDER, ""), ENTRY("l", LINK, "a/../../x") } },
		{ "link that leads out", { ENTRY("l", LINK, ".") } },
		{ "without a valid target", { ENTRY("l", LINK, "") } },
		{ "through a link",
		    { ENTRY("d/", FOLDER, ""), ENTRY("l", LINK, "d"),
			ENTRY("l/x", FILE_MODE, "x") } },
		{ "twice",
		    { ENTRY("l", LINK, "nothing"), ENTRY("l/", FOLDER, ""),
			ENTRY("l/x", FILE_MODE, "x") } },
		{ "twice", { ENTRY("l", LINK, "nothing"), ENTRY("l", FILE_MODE, "x") } },
		{ "twice", { ENTRY("l", FILE_MODE, "x"), ENTRY("l", LINK, "x") } },
		{ "twice",
		    { ENTRY("a", FILE_MODE, "x"), ENTRY("b", FILE_MODE, "x"),
			ENTRY("a", FILE_MODE, "y") } },
		{ "twice", { ENTRY("a", FILE_MODE, "x"), ENTRY("a/", FOLDER, "") } },
		{ "twice", { ENTRY("a/", FOLDER, ""), ENTRY("a", FILE_MODE, "x") } },
		{ "or a file", { ENTRY("a", FILE_MODE, "x"), ENTRY("a/b", FILE_MODE, "x") } },
		{ "a folder and no folder", { ENTRY("a", FOLDER, "x") } },
		{ "a folder and no folder", { ENTRY("a/", FILE_MODE, "x") } },
		{ "two names", { ENTRY("a", FILE_MODE, "x", .local = "b") } },
		{ "two names", { ENTRY("a", FILE_MODE, "x", .local = "../../b") } },
		{ "two names", { ENTRY("a", FILE_MODE, "x", .local = "aa") } },
		{ "damaged",
		    { ENTRY("a", FILE_MODE, "x"), ENTRY("b", FILE_MODE, "x", .hidden = true) } },
		{ "damaged",
		    { ENTRY("b", FILE_MODE, "x", .hidden = true), ENTRY("a", FILE_MODE, "x") } },
		{ "damaged", { ENTRY("a", FILE_MODE, "x", .twice = true) } },
		{ "of another size", { ENTRY("a", FILE_MODE, "xyz", .size = 1) } },
		{ "of another size", { ENTRY("a", FILE_MODE, "x", .size = 100) } },
		{ "the results need 9.0 TiB unpacked",
		    { ENTRY("a", FILE_MODE, "x", .size = INT64_C(9) << 40) } },
	};
	const struct folder *folder = *state;
	int failed = 0;

	assert_int_equal(mkdirat(folder->fd, "deep", 0755), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_close int zip = make_zip(folder, rows[i].parts);
		struct extract extract = { .target = "deep/out" };
		struct error err = { .text = "" };
		bool done = extract_zip(&extract, zip, &err);

		row_check(failed, !done && strstr(err.text, rows[i].error) != NULL, "%zu, %s: '%s'",
		    i, rows[i].error, err.text);
		row_check(failed, count_entries(folder->fd, "deep") == 0,
		    "%zu, %s: something is left", i, rows[i].error);
	}
	rows_end(failed);
}

static void
test_damaged_zip_leaves_nothing(void **state)
{
	static const struct part parts[PARTS_MOST] = { ENTRY("a/b", FILE_MODE, "some content"),
		ENTRY("l", LINK, "a"), ENTRY("c", FILE_MODE, "more of it") };
	const struct folder *folder = *state;
	cleanup_close int whole = make_zip(folder, parts);
	off_t size = lseek(whole, 0, SEEK_END);
	cleanup_free char *data = file_get(folder->fd, "zip", NULL);
	uint64_t seed = 13;
	int unpacked = 0;

	for (int i = 0; i < 3000; i++) {
		cleanup_close int zip = openat(folder->fd, "zip", O_RDWR | O_TRUNC | O_CLOEXEC);
		struct extract extract = { .target = "out" };
		struct error err;
		off_t length = i < size ? i : size;

		assert_int_equal(write(zip, data, (size_t)length), length);
		for (int n = i < size ? 0 : 1 + (int)chance(&seed, 3); n > 0; n--) {
			char byte = (char)chance(&seed, 256);

			assert_int_equal(pwrite(zip, &byte, 1,
					     (off_t)chance(&seed, (uint32_t)size)),
			    1);
		}
		if (extract_zip(&extract, zip, &err)) {
			unpacked++; /* only a time or an unused field is another one */
			assert_true(file_exists(folder->fd, "out"));
			must(tree_remove(folder->fd, "out", &err), &err);
		} else {
			assert_true(err.kind == ERROR_INPUT || err.kind == ERROR_NO_SPACE);
		}
		assert_int_equal(count_entries(folder->fd, "."), 1);
	}
	assert_true(unpacked > 0 && unpacked < 1500);
}

/* One file for the tests of targets. */
static const struct part one[PARTS_MOST] = { ENTRY("dir/a", FILE_MODE, "new"),
	ENTRY("b", FILE_MODE, "new") };

static void
test_targets_that_can_be_used(void **state)
{
	static const struct {
		const char *target;
		const char *file; /* where "b" must be then */
	} rows[] = {
		{ "out", "out/b" },
		{ "out/", "out/b" },
		{ "o//", "o/b" },
		{ "x/y/z", "x/y/z/b" },
		{ "./x//y/", "x/y/b" },
		{ "x/./y", "x/y/b" },
		{ "empty", "empty/b" },
		{ "empty/", "empty/b" },
		{ "link", "empty/b" },
		{ "empty/below", "empty/below/b" },
		{ "link/below/it", "empty/below/it/b" },
		{ "empty/.", "empty/b" },
		{ "empty/../new", "new/b" },
	};
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct extract extract = { .target = rows[i].target };
		struct error err = { .text = "" };

		assert_int_equal(mkdirat(folder->fd, "empty", 0755), 0);
		if (i == 0)
			assert_int_equal(symlinkat("empty", folder->fd, "link"), 0);
		row_check(failed,
		    extract_check_target(&extract, &err) && extract_zip(&extract, zip, &err) &&
			file_exists(folder->fd, rows[i].file),
		    "%s: %s", rows[i].target, err.text);
		row_check(failed, !file_exists(folder->fd, "empty/.kabuto-unpacking"), "%s",
		    rows[i].target);
		for (size_t n = 0; n < 5; n++)
			must(tree_remove(folder->fd,
				 (const char *const[]){ "out", "o", "x", "empty", "new" }[n], &err),
			    &err);
		row_check(failed, count_entries(folder->fd, ".") == 2, "%s: something is left",
		    rows[i].target);
	}
	rows_end(failed);
}

static void
test_targets_that_are_refused(void **state)
{
	static const struct {
		const char *target, *error;
		bool force;
	} rows[] = {
		{ "full",
		    "the folder 'full' is not empty: choose another one with -o, or let --force",
		    false },
		{ "file", "'file' is not a folder: choose another one with -o", false },
		{ "file", "'file' is not a folder: choose another one with -o", true },
		{ "file/x", "'file/x' is not a folder", false },
		{ "dangling", "'dangling' is a symbolic link that leads to nothing", false },
		{ "dangling", "'dangling' is a symbolic link that leads to nothing", true },
		{ "missing/../x", "'missing/../x' has '..' behind a folder that does not exist",
		    false },
		{ "", "the target folder has no name", false },
	};
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	int failed = 0, before;

	assert_int_equal(mkdirat(folder->fd, "full", 0755), 0);
	file_put(folder->fd, "full/x", "old", 3);
	file_put(folder->fd, "file", "old", 3);
	assert_int_equal(symlinkat("nothing", folder->fd, "dangling"), 0);
	before = count_entries(folder->fd, ".");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct extract extract = { .target = rows[i].target, .force = rows[i].force };
		struct error err = { .text = "" };

		row_check(failed,
		    !extract_check_target(&extract, &err) &&
			strncmp(err.text, rows[i].error, strlen(rows[i].error)) == 0,
		    "%s: %s", rows[i].target, err.text);
		row_check(failed, !extract_zip(&extract, zip, &err), "%s", rows[i].target);
		row_check(failed, count_entries(folder->fd, ".") == before, "%s", rows[i].target);
	}
	check_content(folder, "full/x", "old");
	check_content(folder, "file", "old");
	rows_end(failed);
}

static void
test_force_replaces_the_files_of_the_same_names_only(void **state)
{
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	struct extract extract = { .target = "full", .force = true };
	struct error err;

	assert_int_equal(mkdirat(folder->fd, "full", 0755), 0);
	assert_int_equal(mkdirat(folder->fd, "full/dir", 0755), 0);
	file_put(folder->fd, "full/dir/a", "old", 3);
	file_put(folder->fd, "full/dir/other", "old", 3);
	file_put(folder->fd, "full/x", "old", 3);
	file_put(folder->fd, "outside", "old", 3);
	assert_int_equal(symlinkat("../outside", folder->fd, "full/b"), 0);
	must(extract_zip(&extract, zip, &err), &err);
	check_content(folder, "full/dir/a", "new");
	check_content(folder, "full/dir/other", "old");
	check_content(folder, "full/x", "old");
	check_content(folder, "full/b", "new");
	check_content(folder, "outside", "old"); /* the link was replaced, not followed */
	assert_int_equal(count_entries(folder->fd, "full"), 3);
}

static void
test_force_never_swaps_folders_and_files(void **state)
{
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	struct extract extract = { .target = "full", .force = true };
	struct error err;

	assert_int_equal(mkdirat(folder->fd, "elsewhere", 0755), 0);
	assert_int_equal(mkdirat(folder->fd, "full", 0755), 0);
	assert_int_equal(symlinkat("../elsewhere", folder->fd, "full/dir"), 0);
	file_put(folder->fd, "full/b", "old", 3);
	assert_false(extract_zip(&extract, zip, &err));
	assert_non_null(strstr(err.text,
	    "'dir' is a folder in the results, and a symbolic link in"));
	check_content(folder, "full/b", "old"); /* nothing was moved before it was found */
	assert_int_equal(count_entries(folder->fd, "elsewhere"), 0);
	assert_int_equal(unlinkat(folder->fd, "full/dir", 0), 0);
	assert_int_equal(unlinkat(folder->fd, "full/b", 0), 0);
	assert_int_equal(mkdirat(folder->fd, "full/b", 0755), 0);
	assert_false(extract_zip(&extract, zip, &err));
	assert_non_null(strstr(err.text, "'b' is a file in the results, and a folder in 'full'"));
	assert_int_equal(count_entries(folder->fd, "full"), 1);
}

static void
test_what_a_killed_program_left_is_removed(void **state)
{
	static const char *const hidden[] = { ".kabuto-unpacking-out", "empty/.kabuto-unpacking" };
	static const char *const targets[] = { "out", "empty" };
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	struct error err;

	assert_int_equal(mkdirat(folder->fd, "empty", 0755), 0);
	for (size_t i = 0; i < COUNT(targets); i++) {
		struct extract extract = { .target = targets[i] };
		cleanup_free char *stale = NULL;

		assert_true(asprintf(&stale, "%s/stale", hidden[i]) > 0);
		assert_int_equal(mkdirat(folder->fd, hidden[i], 0755), 0);
		assert_int_equal(mkdirat(folder->fd, stale, 0755), 0);
		must(extract_check_target(&extract, &err) && extract_zip(&extract, zip, &err),
		    &err);
		assert_false(file_exists(folder->fd, hidden[i]));
		assert_int_equal(count_entries(folder->fd, targets[i]), 2);
	}
}

static void
test_two_programs_do_not_unpack_into_one_target(void **state)
{
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	cleanup_close int other = -1;
	struct extract extract = { .target = "out" };
	struct error err;

	assert_int_equal(mkdirat(folder->fd, ".kabuto-unpacking-out", 0755), 0);
	other = openat(folder->fd, ".kabuto-unpacking-out", O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_false(extract_zip(&extract, zip, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_true(file_exists(folder->fd, ".kabuto-unpacking-out"));
}

static void
test_folder_that_another_user_has_put_there_is_not_used(void **state)
{
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	struct extract extract = { .target = "out" };
	struct error err;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdirat(folder->fd, ".kabuto-unpacking-out", 0777), 0);
	assert_int_equal(fchownat(folder->fd, ".kabuto-unpacking-out", 1234, 1234, 0), 0);
	assert_false(extract_zip(&extract, zip, &err));
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(err.text, "belongs to another user"));
	assert_int_equal(count_entries(folder->fd, ".kabuto-unpacking-out"), 0);
	assert_false(file_exists(folder->fd, "out"));
}

static void
test_signal_ends_it_and_leaves_nothing(void **state)
{
	static const volatile sig_atomic_t stop = 1;
	const struct folder *folder = *state;
	cleanup_close int zip = make_zip(folder, one);
	struct extract extract = { .target = "out", .stop = &stop };
	struct error err;

	assert_false(extract_zip(&extract, zip, &err));
	assert_int_equal(err.kind, ERROR_INTERRUPTED);
	assert_int_equal(count_entries(folder->fd, "."), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_zip_is_unpacked_with_its_modes_links_and_names),
		TEST(test_zip_of_the_server_s_library_is_unpacked),
		TEST(test_empty_zip_makes_an_empty_folder),
		TEST(test_hostile_zip_leaves_nothing),
		TEST(test_damaged_zip_leaves_nothing),
		TEST(test_targets_that_can_be_used),
		TEST(test_targets_that_are_refused),
		TEST(test_force_replaces_the_files_of_the_same_names_only),
		TEST(test_force_never_swaps_folders_and_files),
		TEST(test_what_a_killed_program_left_is_removed),
		TEST(test_two_programs_do_not_unpack_into_one_target),
		TEST(test_folder_that_another_user_has_put_there_is_not_used),
		TEST(test_signal_ends_it_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
