/*
 * Files and folders in the listing of results.
 */
#include "support.h"

#include "entry.h"

#define HASH "\"0000000000000000000000000000000000000000000000000000000000000000\""
#define LINE(offset, name, size)                                                                   \
	offset " {\"name\":\"" name "\",\"size\":" size ",\"sha256\":" HASH "}\n"

static const char listing[] = LINE("0", "a", "1") LINE("10", "a.txt", "2") LINE("20", "d/e/f", "3")
    LINE("30", "d/index.html", "4") LINE("40", "q\\\"x", "5") LINE("50", "b\\\\", "6")
	LINE("60", "gr\xc3\xbcn", "7") LINE("70", "\\u0001\\n", "8");

static FILE *
open_listing(const char *text, size_t length)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	return file;
}

static void
test_name_is_a_file_a_folder_or_nothing(void **state)
{
	static const struct {
		const char *name;
		enum entry_kind kind;
		int64_t offset, size;
	} rows[] = {
		{ "a", ENTRY_FILE, 0, 1 },
		{ "a.txt", ENTRY_FILE, 10, 2 },
		{ "a.tx", ENTRY_NONE, 0, 0 },
		{ "a/", ENTRY_NONE, 0, 0 },
		{ "", ENTRY_FOLDER, 0, 0 },
		{ "d", ENTRY_FOLDER, 0, 0 },
		{ "d/", ENTRY_FOLDER, 0, 0 },
		{ "d/e", ENTRY_FOLDER, 0, 0 },
		{ "d/e/", ENTRY_FOLDER, 0, 0 },
		{ "d/e/f", ENTRY_FILE, 20, 3 },
		{ "d/e/f/", ENTRY_NONE, 0, 0 },
		{ "/", ENTRY_NONE, 0, 0 },
		{ "d//", ENTRY_NONE, 0, 0 },
		{ "d/index.html", ENTRY_FILE, 30, 4 },
		{ "q\"x", ENTRY_FILE, 40, 5 },
		{ "q", ENTRY_NONE, 0, 0 },
		{ "q\"", ENTRY_NONE, 0, 0 },
		{ "b\\", ENTRY_FILE, 50, 6 },
		{ "b", ENTRY_NONE, 0, 0 },
		{ "gr\xc3\xbcn", ENTRY_FILE, 60, 7 },
		{ "\x01\n", ENTRY_FILE, 70, 8 },
		{ "a\",\"size\":1", ENTRY_NONE, 0, 0 },
	};
	cleanup_file FILE *file = open_listing(listing, sizeof listing - 1);
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry entry = { 0 };
		enum entry_kind kind;

		must(entry_find(file, rows[i].name, &kind, &entry, &err), &err);
		row_check(failed,
		    kind == rows[i].kind && entry.offset == rows[i].offset &&
			entry.size == rows[i].size,
		    "'%s'", rows[i].name);
	}
	rows_end(failed);
}

static bool
count_until(const char *name, const struct entry *entry, void *context)
{
	int *left = context;

	assert_true(name[0] != '\0' && entry->size > 0);
	return --*left > 0;
}

static void
test_each_file_is_visited_until_the_visit_ends(void **state)
{
	cleanup_file FILE *file = open_listing(listing, sizeof listing - 1);
	struct error err;
	int left = 100;

	(void)state;
	must(entry_each(file, count_until, &left, &err), &err);
	assert_int_equal(left, 92);
	left = 3;
	must(entry_each(file, count_until, &left, &err), &err);
	assert_int_equal(left, 0);
}

static void
test_damaged_listing_is_an_error(void **state)
{
	static const char *const rows[] = { "0 {\"name\":\"a\",\"size\":1}\n",
		"0 {\"name\":\"a\",\"size\":\"x\",\"sha256\":" HASH "}\n", "0 {\"name\":\"a\",\n",
		"0 {\"name\":\"a\"" };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_file FILE *file = open_listing(rows[i], strlen(rows[i]));
		enum entry_kind kind;
		struct entry entry;
		struct error err;
		int left = 9;

		row_check(failed, !entry_find(file, "a", &kind, &entry, &err), "%s", rows[i]);
		row_check(failed, err.kind == ERROR_SYSTEM, "%s", rows[i]);
		row_check(failed, !entry_each(file, count_until, &left, &err), "%s", rows[i]);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_is_a_file_a_folder_or_nothing),
		cmocka_unit_test(test_each_file_is_visited_until_the_visit_ends),
		cmocka_unit_test(test_damaged_listing_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
