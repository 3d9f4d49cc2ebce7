/*
 * The address of a page against the address that it called.
 */
#include "support.h"

#include "fcgi/origin.h"

static void
test_origin_is_compared_with_the_host(void **state)
{
	static const struct {
		const char *origin, *host;
		bool same;
	} rows[] = {
		{ "https://kabuto.example", "kabuto.example", true },
		{ "https://Kabuto.example", "kabuto.EXAMPLE", true },
		{ "https://kabuto.example:8443", "kabuto.example:8443", true },
		{ "https://kabuto.example", "kabuto.example:443", true },
		{ "https://kabuto.example:443", "kabuto.example", true },
		{ "http://kabuto.example", "kabuto.example:80", true },
		{ "http://[::1]", "[::1]:80", true },
		{ "http://kabuto.example", "kabuto.example:443", false },
		{ "https://kabuto.example", "kabuto.example:80", false },
		{ "https://kabuto.example", "kabuto.example:8443", false },
		{ "https://kabuto.example:8443", "kabuto.example", false },
		{ "https://evil.example", "kabuto.example", false },
		{ "https://kabuto.example.evil", "kabuto.example", false },
		{ "https://xkabuto.example", "kabuto.example", false },
		{ "null", "kabuto.example", false },
		{ "null", "null", false },
		{ "kabuto.example", "kabuto.example", false },
		{ "https://", "", false },
		{ "", "", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed, origin_is_host(rows[i].origin, rows[i].host) == rows[i].same,
		    "'%s' and '%s'", rows[i].origin, rows[i].host);
	rows_end(failed);
}

#define PAGE "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

static void
test_a_navigation_is_known_by_its_headers(void **state)
{
	static const struct {
		const char *accept, *mode;
		bool navigation;
	} rows[] = {
		{ PAGE, "navigate", true },
		{ PAGE, "", true }, /* plain HTTP */
		{ "*/*", "navigate", true },
		{ "application/json", "cors", false },
		{ "*/*", "cors", false },
		{ "image/avif,image/webp,*/*;q=0.8", "no-cors", false },
		{ "*/*", "", false }, /* curl, requests */
		{ "", "", false },
		{ "text/html;q=0, */*", "", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    origin_is_navigation(rows[i].accept, rows[i].mode) == rows[i].navigation,
		    "'%s', '%s'", rows[i].accept, rows[i].mode);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin_is_compared_with_the_host),
		cmocka_unit_test(test_a_navigation_is_known_by_its_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
