/*
 * Media types by the endings of names.
 */
#include "support.h"

#include "mediatype.h"

static void
test_type_is_that_of_the_last_ending_in_any_case(void **state)
{
	static const struct {
		const char *name, *type;
	} rows[] = {
		{ "index.html", "text/html; charset=utf-8" },
		{ "a/b.c/INDEX.HTM", "text/html; charset=utf-8" },
		{ "style.css", "text/css; charset=utf-8" },
		{ "a.js", "text/javascript; charset=utf-8" },
		{ "a.mjs", "text/javascript; charset=utf-8" },
		{ "a.json", "application/json; charset=utf-8" },
		{ "table.csv", "text/csv; charset=utf-8" },
		{ "notes.md", "text/plain; charset=utf-8" },
		{ "a.txt", "text/plain; charset=utf-8" },
		{ "plot.png", "image/png" },
		{ "plot.v2.JPG", "image/jpeg" },
		{ "plot.svg", "image/svg+xml" },
		{ "a.gif", "image/gif" },
		{ "a.webp", "image/webp" },
		{ "paper.pdf", "application/pdf" },
		{ "font.woff2", "font/woff2" },
		{ "", "application/octet-stream" },
		{ "png", "application/octet-stream" },
		{ "a.png/b", "application/octet-stream" },
		{ "a.png.", "application/octet-stream" },
		{ "a.htmlx", "application/octet-stream" },
		{ "a.html ", "application/octet-stream" },
		{ "a.exe", "application/octet-stream" },
		{ ".html/", "application/octet-stream" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, strcmp(mediatype_of(rows[i].name), rows[i].type) == 0, "'%s': %s",
		    rows[i].name, mediatype_of(rows[i].name));
	rows_end(failed);
}

static void
test_only_images_are_pictures(void **state)
{
	(void)state;
	assert_true(mediatype_is_picture(mediatype_of("a.svg")));
	assert_true(mediatype_is_picture(mediatype_of("a.png")));
	assert_false(mediatype_is_picture(mediatype_of("a.html")));
	assert_false(mediatype_is_picture(mediatype_of("a.pdf")));
	assert_false(mediatype_is_picture(mediatype_of("image/")));
}

static void
test_type_is_accepted_if_it_is_named(void **state)
{
	static const struct {
		const char *accept;
		bool accepted;
	} rows[] = {
		{ "text/html", true },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true },
		{ "application/json, Text/HTML ; q=0.1", true },
		{ "application/json;q=0,text/html;level=1", true },
		{ "text/html;q=0.01", true },
		{ "text/html; level=1 ;q=1", true },
		{ "", false },
		{ "*/*", false },
		{ "text/*", false },
		{ "application/json", false },
		{ "text/html5", false },
		{ "xtext/html", false },
		{ "text/htm", false },
		{ "application/json;x=text/html", false },
		{ "text/html;q=0", false },
		{ "text/html; q=0.000 , */*", false },
		{ "text/html;level=1;Q=0.0", false },
		{ ",,;", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    mediatype_accepts(rows[i].accept, "text/html") == rows[i].accepted, "'%s'",
		    rows[i].accept);
	rows_end(failed);
}

static void
test_quality_is_that_of_the_range_that_is_named(void **state)
{
	static const struct {
		const char *accept, *range;
		int quality;
	} rows[] = {
		{ "text/plain", "text/plain", 1000 },
		{ "text/plain;q=1.000", "text/plain", 1000 },
		{ "application/zip, text/plain;q=0.5", "text/plain", 500 },
		{ "text/plain; q=0.25 , */*;q=0.125", "*/*", 125 },
		{ "text/plain;q=0.1, text/plain;x=y;q=0.9", "text/plain", 900 },
		{ "text/plain;q=0.9999", "text/plain", 999 },
		{ "text/plain;q=0", "text/plain", 0 },
		{ "*/*", "text/plain", 0 },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    mediatype_quality(rows[i].accept, rows[i].range) == rows[i].quality, "'%s'",
		    rows[i].accept);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type_is_that_of_the_last_ending_in_any_case),
		cmocka_unit_test(test_only_images_are_pictures),
		cmocka_unit_test(test_type_is_accepted_if_it_is_named),
		cmocka_unit_test(test_quality_is_that_of_the_range_that_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
