/*
 * multipart/form-data as it streams by: whatever the pieces in which it comes, the parts are the
 * same.
 */
#include "multipartsupport.h"

#include <sodium.h>

static const struct {
	const char *body;
	size_t length;
	const char *expected;
	size_t expected_length;
} bodies[] = {
	{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B--\r\n"), BYTES("a|-|x;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B--"), BYTES("a|-|x;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\n\r\n--B--\r\n"), BYTES("a|-|;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B\r\n" HEAD("b") "\r\ny\r\n--B--\r\n"),
	    BYTES("a|-|x;b|-|y;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B\r\n" HEAD("a") "\r\nx\r\n--B--\r\n"),
	    BYTES("a|-|x;a|-|x;") },
	{ BYTES("--B--\r\n"), BYTES("") },
	{ BYTES("--B--"), BYTES("") },
	/* what is before and behind is nobody's */
	{ BYTES("before\r\n--B\r\n" HEAD("a") "\r\nx\r\n--B--\r\nbehind\r\n--B\r\n"),
	    BYTES("a|-|x;") },
	{ BYTES("\r\n--B\r\n" HEAD("a") "\r\nx\r\n--B--\r\n"), BYTES("a|-|x;") },
	{ BYTES("x--B\r\n\r\n--B\r\n" HEAD("a") "\r\nx\r\n--B--\r\n"), BYTES("a|-|x;") },
	/* white space behind a boundary */
	{ BYTES("--B \t\r\n" HEAD("a") "\r\nx\r\n--B  \r\n" HEAD("b") "\r\ny\r\n--B--\r\n"),
	    BYTES("a|-|x;b|-|y;") },
	/* what only looks like a boundary */
	{ BYTES("--B\r\n" HEAD("a") "\r\n--B\r\n--B--\r\n"), BYTES("a|-|--B;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\nx--B--\r\n\r\n--B--\r\n"), BYTES("a|-|x--B--\r\n;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\n\n--B--\n\r\n--C\r\r\n-\r\n--\r\n--B--\r\n"),
	    BYTES("a|-|\n--B--\n\r\n--C\r\r\n-\r\n--;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\n\r\r\r\n--B--\r\n"), BYTES("a|-|\r\r;") },
	{ BYTES("--B\r\n" HEAD("a") "\r\n\r\n\r\n\r\n--B--\r\n"), BYTES("a|-|\r\n\r\n;") },
	/* any byte is data */
	{ BYTES("--B\r\n" HEAD("a") "\r\n\0\xff\0\r\n--B--\r\n"), BYTES("a|-|\0\xff\0;") },
	/* headers */
	{ BYTES("--B\r\ncontent-disposition:form-data;name=a\r\n\r\nx\r\n--B--\r\n"),
	    BYTES("a|-|x;") },
	{ BYTES("--B\r\nContent-Type: text/plain\r\n" HEAD("a") "X: y\r\n\r\nx\r\n--B--\r\n"),
	    BYTES("a|-|x;") },
	{ BYTES("--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n"
		"Content-Type: application/octet-stream\r\n\r\nx\r\n--B--\r\n"),
	    BYTES("f|n|x;") },
	{ BYTES("--B\r\n" HEAD("") "\r\nx\r\n--B--\r\n"), BYTES("|-|x;") },
	{ BYTES("--B\r\nContent-Disposition: form-data;\r\n name=\"a\";\r\n\tfilename=\"n\"\r\n"
		"\r\nx\r\n--B--\r\n"),
	    BYTES("a|n|x;") },
	/* transfer encodings */
	{ BYTES("--B\r\n" HEAD("a") ENCODING("7bit") "\r\neA==\r\n--B--\r\n"), BYTES("a|-|eA==;") },
	{ BYTES("--B\r\n" HEAD("a") ENCODING("8bit") "\r\n\xff\r\n--B--\r\n"), BYTES("a|-|\xff;") },
	{ BYTES("--B\r\n" HEAD("a") ENCODING("Binary") "\r\n=41\r\n--B--\r\n"), BYTES("a|-|=41;") },
	{ BYTES("--B\r\n" ENCODING("base64") HEAD("a") "\r\neA==\r\n--B--\r\n"), BYTES("a|-|x;") },
	{ BYTES("--B\r\n" HEAD("a") ENCODING("BASE64") "\r\nAP8\r\nA/+/\r\n--B--\r\n"),
	    BYTES("a|-|\0\xff\0\xff\xef;") },
	{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\n\r\n--B--\r\n"), BYTES("a|-|;") },
	{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\ne A\t=\r\n=\r\n\r\n--B--\r\n"),
	    BYTES("a|-|x;") },
	{ BYTES("--B\r\n" HEAD("a")
		  ENCODING("base64") "\r\neHk\r\n--B\r\n" HEAD("b") "\r\neA==\r\n--B--\r\n"),
	    BYTES("a|-|xy;b|-|eA==;") },
	{ BYTES("--B\r\n" HEAD("a") ENCODING(
	      "quoted-printable") "\r\n=41=\r\n=c3=A9 = \t\r\nx=3D=3d\ny=\n\r\n--B--\r\n"),
	    BYTES("a|-|A\xc3\xa9 x==\ny;") },
	{ BYTES("--B\r\n" HEAD("a") ENCODING("quoted-printable") "\r\nx=\r\n--B--\r\n"),
	    BYTES("a|-|x;") },
	/* several files in one part, as curl sends them for -F a=@n,m */
	{ BYTES("--B\r\n" HEAD("a") MIXED
	      "\r\n--C\r\n" ATTACHMENT("n") "\r\nx\r\n--C\r\n" ATTACHMENT(
		  "m") "\r\n\r\n--C--\r\n\r\n--B\r\n" HEAD("b") "\r\ny\r\n--B--\r\n"),
	    BYTES("a|n|x;a|m|;b|-|y;") },
	{ BYTES("--B\r\n" HEAD("a") MIXED "\r\n--C--\r\n\r\n--B--\r\n"), BYTES("") },
	{ BYTES("--B\r\n" HEAD("a") MIXED
	      "\r\n--C\r\nContent-Disposition: file; filename=\"n\"; "
	      "name=\"b\"\r\n" ENCODING("base64") "\r\neA==\r\n--C--\r\n--B--\r\n"),
	    BYTES("a|n|x;") },
	{ BYTES("--B\r\n" HEAD("a") MIXED "\r\n--C\r\nContent-Disposition: attachment\r\n\r\nx"
					  "\r\n--C--\r\n--B--\r\n"),
	    BYTES("a|-|x;") },
	/* a file may be of this type */
	{ BYTES("--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"n\"\r\n" MIXED
		"\r\n--C--\r\n\r\n--B--\r\n"),
	    BYTES("a|n|--C--\r\n;") },
};

static void
test_body_gives_its_parts(void **state)
{
	struct heard heard = { 0 };
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		err.text[0] = '\0';
		row_check(failed, parse(&heard, TYPE, bodies[i].body, bodies[i].length, &err),
		    "%s: %s", bodies[i].body, err.text);
		row_check(failed,
		    heard.length == bodies[i].expected_length &&
			memcmp(heard.text, bodies[i].expected, heard.length) == 0,
		    "%s: '%s' instead of '%s'", bodies[i].body, heard.text, bodies[i].expected);
	}
	free(heard.text);
	rows_end(failed);
}

static void
test_every_split_gives_the_same_parts(void **state)
{
	struct heard heard = { 0 };
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		for (size_t first = 0; first <= bodies[i].length; first++)
			for (size_t each = 1; each <= bodies[i].length;
			     each += each == 1 ? bodies[i].length - 1 : 1) {
				bool done = parse_pieces(&heard, TYPE, bodies[i].body,
				    bodies[i].length, first, each, &err);

				row_check(failed,
				    done && heard.length == bodies[i].expected_length &&
					memcmp(heard.text, bodies[i].expected, heard.length) == 0,
				    "%zu bytes, then %zu at a time of %s: '%s'", first, each,
				    bodies[i].body, heard.text);
			}
	free(heard.text);
	rows_end(failed);
}

static void
test_part_with_a_content_encoding_is_refused(void **state)
{
	static const char gzip[] =
	    "--B\r\n" HEAD("a") "Content-Encoding: gzip\r\n\r\nx\r\n--B--\r\n";
	static const char identity[] =
	    "--B\r\n" HEAD("a") "Content-Encoding: identity\r\n\r\nx\r\n--B--\r\n";
	struct heard heard = { 0 };
	struct error err;

	(void)state;
	assert_false(parse(&heard, TYPE, BYTES(gzip), &err));
	assert_int_equal(err.kind, ERROR_MEDIA_TYPE);
	must(parse(&heard, TYPE, BYTES(identity), &err), &err);
	assert_string_equal(heard.text, "a|-|x;");
	free(heard.text);
}

/* The encoded text of 100,000 bytes, cut at every length of a line. */
static void
test_large_encoded_part_is_decoded_whole(void **state)
{
	enum { SIZE = 100000 };
	static const char head[] = "--B\r\n" HEAD("a") ENCODING("base64") "\r\n";
	cleanup_free char *body = malloc(2 * SIZE), *expected = malloc(SIZE + 5);
	static const size_t pieces[] = { 1 << 30, 4096, 1000, 7 };
	struct heard heard = { 0 };
	struct error err;
	uint64_t seed = 3;
	size_t length = sizeof head - 1;
	int failed = 0;

	(void)state;
	memcpy(expected, "a|-|", 4);
	memcpy(body, head, length);
	for (size_t i = 0; i < SIZE; i += 3) {
		unsigned char triple[3];

		for (size_t k = 0; k < 3; k++) {
			triple[k] = (unsigned char)chance(&seed, 256);
			if (i + k < SIZE)
				expected[4 + i + k] = (char)triple[k];
		}
		sodium_bin2base64(body + length, 5, triple, SIZE - i < 3 ? SIZE - i : 3,
		    sodium_base64_VARIANT_ORIGINAL);
		length += 4;
		if (chance(&seed, 19) == 0)
			length += (size_t)sprintf(body + length, "\r\n");
	}
	length += (size_t)sprintf(body + length, "\r\n--B--\r\n");
	expected[4 + SIZE] = ';';
	for (size_t i = 0; i < COUNT(pieces); i++) {
		bool done = parse_pieces(&heard, TYPE, body, length, pieces[i], pieces[i], &err);

		row_check(failed,
		    done && heard.length == SIZE + 5 && memcmp(heard.text, expected, SIZE + 5) == 0,
		    "%zu at a time: %zu bytes", pieces[i], heard.length);
	}
	free(heard.text);
	rows_end(failed);
}

static void
test_large_part_is_handed_on_whole(void **state)
{
	static const char head[] = "--B\r\n" HEAD("a") "\r\n", tail[] = "\r\n--B--\r\n";
	const size_t size = 5 * MULTIPART_WINDOW + 77;
	const size_t length = sizeof head - 1 + size + sizeof tail - 1;
	cleanup_free char *body = malloc(length);
	static const size_t pieces[] = { 1 << 30, MULTIPART_WINDOW, MULTIPART_WINDOW - 1, 4096,
		1000, 7 };
	struct heard heard = { 0 };
	struct error err;
	uint64_t seed = 1;
	int failed = 0;

	(void)state;
	memcpy(body, head, sizeof head - 1);
	/* Bytes of which many begin a boundary. */
	for (size_t i = 0; i < size; i++)
		body[sizeof head - 1 + i] = "\r\n--A"[chance(&seed, 5)];
	memcpy(body + sizeof head - 1 + size, tail, sizeof tail - 1);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		bool done = parse_pieces(&heard, TYPE, body, length, pieces[i], pieces[i], &err);

		row_check(failed,
		    done && heard.length == size + 5 && memcmp(heard.text, "a|-|", 4) == 0 &&
			memcmp(heard.text + 4, body + sizeof head - 1, size) == 0,
		    "%zu at a time: %zu bytes", pieces[i], heard.length);
	}
	free(heard.text);
	rows_end(failed);
}

static void
test_sink_that_refuses_ends_it(void **state)
{
	struct heard heard = { .refuse = true };
	struct error err;

	(void)state;
	assert_false(parse(&heard, TYPE, bodies[0].body, bodies[0].length, &err));
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	assert_string_equal(err.text, "refused");
	free(heard.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_body_gives_its_parts),
		cmocka_unit_test(test_every_split_gives_the_same_parts),
		cmocka_unit_test(test_part_with_a_content_encoding_is_refused),
		cmocka_unit_test(test_large_encoded_part_is_decoded_whole),
		cmocka_unit_test(test_large_part_is_handed_on_whole),
		cmocka_unit_test(test_sink_that_refuses_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
