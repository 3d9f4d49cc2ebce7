/*
 * What a client says of a body and of a part: the boundary, the name and the file name.
 */
#include "multipartsupport.h"

static void
test_boundary_is_read_from_the_content_type(void **state)
{
#define SEVENTY "1234567890123456789012345678901234567890123456789012345678901234567890"
	static const struct {
		const char *type;
		const char *boundary; /* NULL: refused */
	} rows[] = {
		{ "multipart/form-data; boundary=B", "B" },
		{ "multipart/form-data;boundary=B", "B" },
		{ "multipart/form-data; Boundary=B", "B" },
		{ "multipart/form-data; boundary=\"B\"", "B" },
		{ "multipart/form-data; boundary=\"a b\"", "a b" },
		{ "multipart/form-data; boundary=\"a;b\"; charset=utf-8", "a;b" },
		{ "multipart/form-data; charset=utf-8; boundary=B", "B" },
		{ "multipart/form-data; charset=\"; boundary=x\"; boundary=B", "B" },
		{ "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
		    "----WebKitFormBoundary7MA4YWxkTrZu0gW" },
		{ "multipart/form-data; boundary=" SEVENTY, SEVENTY },
		{ "multipart/form-data; boundary=" SEVENTY "1", NULL },
		{ "multipart/form-data", NULL },
		{ "multipart/form-data;", NULL },
		{ "multipart/form-data; boundary", NULL },
		{ "multipart/form-data; boundary=", NULL },
		{ "multipart/form-data; boundary=\"\"", NULL },
		{ "multipart/form-data; boundary=\"B", NULL },
		{ "multipart/form-data; xboundary=B", NULL },
		{ "", NULL },
	};
	struct heard heard = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *boundary = rows[i].boundary != NULL ? rows[i].boundary : "B";
		struct error err = { .kind = ERROR_NONE };
		char body[512];
		size_t length = (size_t)snprintf(body, sizeof body,
		    "--%s\r\n" HEAD("a") "\r\nx\r\n--%s--\r\n", boundary, boundary);
		bool done = parse(&heard, rows[i].type, body, length, &err);

		row_check(failed, done == (rows[i].boundary != NULL), "%s: %s", rows[i].type,
		    err.text);
		row_check(failed,
		    done ? strcmp(heard.text, "a|-|x;") == 0 : err.kind == ERROR_INPUT, "%s",
		    rows[i].type);
	}
	free(heard.text);
	rows_end(failed);
}

static void
test_name_and_filename_are_read_in_the_forms_that_clients_write(void **state)
{
	static const struct {
		const char *parameters;
		const char *expected; /* "name|filename|" */
	} rows[] = {
		{ "name=\"a\"", "a|-|" },
		{ "name=a", "a|-|" },
		{ "name=\"a\"; filename=\"b.txt\"", "a|b.txt|" },
		{ "filename=\"b.txt\"; name=\"a\"", "a|b.txt|" },
		{ "name=a; filename=b.txt", "a|b.txt|" },
		{ "name=a;filename=b.txt", "a|b.txt|" },
		{ "NAME=a; FileName=b.txt", "a|b.txt|" },
		{ "name=\"a\"; filename=\"\"", "a||" },
		{ "name=\"a\"; filename=\"b c;d=e.txt\"", "a|b c;d=e.txt|" },
		{ "name=\"a\"; filename=\"; name=x\"", "a|; name=x|" },
		{ "filename=\"; name=x\"; name=\"a\"", "a|; name=x|" },
		{ "name=\"a\"; filename=\"caf\xc3\xa9.txt\"", "a|caf\xc3\xa9.txt|" },
		{ "name=\"a\"; filename=\"b/c/d.txt\"", "a|b/c/d.txt|" },
		/* curl and requests escape by a backslash */
		{ "name=\"a\"; filename=\"b\\\"c\"", "a|b\"c|" },
		{ "name=\"a\"; filename=\"b\\\\c\"", "a|b\\c|" },
		{ "name=\"a\"; filename=\"b\\\\\"", "a|b\\|" },
		{ "name=\"a\"; filename=\"C:\\dir\\new.txt\"", "a|C:\\dir\\new.txt|" },
		{ "name=\"a\\\"b\"", "a\"b|-|" },
		/* browsers by percent signs, and only these three */
		{ "name=\"a\"; filename=\"b%22c\"", "a|b\"c|" },
		{ "name=\"a\"; filename=\"b%0D%0Ac\"", "a|b\r\nc|" },
		{ "name=\"a\"; filename=\"b%0d%0ac\"", "a|b\r\nc|" },
		{ "name=\"a%22b\"", "a\"b|-|" },
		{ "name=\"a\"; filename=\"100%\"", "a|100%|" },
		{ "name=\"a\"; filename=\"%41%2\"", "a|%41%2|" },
		/* RFC 8187 */
		{ "name=\"a\"; filename*=UTF-8''b%20c", "a|b c|" },
		{ "name=\"a\"; filename*=utf-8'en'caf%c3%a9", "a|caf\xc3\xa9|" },
		{ "name=\"a\"; filename=\"plain\"; filename*=UTF-8''b", "a|b|" },
		{ "name=a; filename=\"=?utf-8?B?Y2Fmw6kudHh0?=\"", "a|caf\xc3\xa9.txt|" },
		{ "name=a; filename=\"=?UTF-8?Q?a_caf=C3=A9_b?=\"", "a|a caf\xc3\xa9 b|" },
		{ "name=a; filename=\"=?utf-8?B?Y2Fm*?=\"", "a|=?utf-8?B?Y2Fm*?=|" },
		{ "name=a; filename=\"=?utf-8?Q?a_b=zz?=\"", "a|=?utf-8?Q?a_b=zz?=|" },
		{ "name=a; filename=\"=?utf-8?B?YQBi?=\"", "a|=?utf-8?B?YQBi?=|" },
		{ "name=a; filename=\"=?utf-8?B?\?=\"", "a|=?utf-8?B?\?=|" },
		{ "name=a; filename=\"=?utf-8?B?=\"", "a|=?utf-8?B?=|" },
		{ "name=\"a\"; filename*=UTF-8''b; filename=\"plain\"", "a|b|" },
		{ "name=\"a\"; filename*=UTF-8''a+b%2Bc", "a|a+b+c|" },
		{ "name=\"a\"; filename*=UTF-8''b%00c",
		    "a|b\1c|" }, /* not cut short, but a name that is refused */
		{ "name=\"a\"; filename*=iso-8859-1''b; filename=\"plain\"", "a|plain|" },
		{ "name=\"a\"; filename*=UTF-8; filename=\"plain\"", "a|plain|" },
		{ "name=\"a\"; filename*=UTF-8'b; filename=\"plain\"", "a|plain|" },
		/* other parameters */
		{ "xname=\"x\"; name=\"a\"; xfilename=\"y\"", "a|-|" },
		{ "name2=\"x\"; name=\"a\"; filename2=\"y\"", "a|-|" },
		{ "flag; name=\"a\"; flag", "a|-|" },
		{ "name=\"a\"; name=\"b\"", "a|-|" },
	};
	struct heard heard = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { .kind = ERROR_NONE };
		char body[512], expected[128];
		size_t length = (size_t)snprintf(body, sizeof body,
		    "--B\r\nContent-Disposition: form-data; %s\r\n\r\n\r\n--B--\r\n",
		    rows[i].parameters);

		snprintf(expected, sizeof expected, "%s;", rows[i].expected);
		row_check(failed, parse(&heard, TYPE, body, length, &err), "%s: %s",
		    rows[i].parameters, err.text);
		row_check(failed, strcmp(heard.text, expected) == 0, "%s: '%s' instead of '%s'",
		    rows[i].parameters, heard.text, expected);
	}
	free(heard.text);
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boundary_is_read_from_the_content_type),
		cmocka_unit_test(test_name_and_filename_are_read_in_the_forms_that_clients_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
