/*
 * multipart/form-data as it streams by: whatever the pieces in which it comes, the parts are the
 * same.
 */
#include "support.h"

#include <sodium.h>

#include "fcgi/multipart.h"

#define BYTES(text) text, sizeof(text) - 1
#define TYPE        "multipart/form-data; boundary=B"

/* What the parser handed on, as text: "name|filename|data;" for each part. */
struct heard {
	char *text;
	size_t length, room;
	bool refuse; /* the sink does */
	int open;    /* parts begun and not ended */
};

static void
hear(struct heard *heard, const char *data, size_t length)
{
	if (heard->length + length + 1 > heard->room) {
		heard->room = 2 * (heard->length + length + 1);
		heard->text = realloc(heard->text, heard->room);
		assert_non_null(heard->text);
	}
	memcpy(heard->text + heard->length, data, length);
	heard->length += length;
	heard->text[heard->length] = '\0';
}

static bool
part_begin(void *context, const struct multipart_part *part, struct error *err)
{
	struct heard *heard = context;

	assert_int_equal(heard->open++, 0);
	if (heard->refuse)
		return error_set(err, ERROR_TOO_LARGE, "refused");
	hear(heard, part->name, strlen(part->name));
	hear(heard, "|", 1);
	if (part->filename != NULL)
		hear(heard, part->filename, strlen(part->filename));
	else
		hear(heard, "-", 1);
	hear(heard, "|", 1);
	return true;
}

static bool
part_data(void *context, const char *data, size_t length, struct error *err)
{
	struct heard *heard = context;

	(void)err;
	assert_int_equal(heard->open, 1);
	assert_true(length > 0);
	hear(heard, data, length);
	return true;
}

static bool
part_end(void *context, struct error *err)
{
	struct heard *heard = context;

	(void)err;
	assert_int_equal(heard->open--, 1);
	hear(heard, ";", 1);
	return true;
}

/* Parses a body in pieces: the first of first bytes, the rest of each bytes. */
static bool
parse_pieces(struct heard *heard, const char *type, const char *body, size_t length, size_t first,
    size_t each, struct error *err)
{
	const struct multipart_sink sink = { part_begin, part_data, part_end, heard };
	struct multipart mp;
	bool done = multipart_begin(&mp, type, &sink, err);

	heard->open = 0;
	heard->length = 0;
	hear(heard, "", 0);
	if (!done)
		return false;
	for (size_t at = 0, size = first; done && at < length; at += size, size = each) {
		/* A piece of its own, so that a sanitizer sees who reads beyond it. */
		cleanup_free char *piece = NULL;

		if (size > length - at)
			size = length - at;
		piece = malloc(size + (size == 0));
		memcpy(piece, body + at, size);
		done = multipart_feed(&mp, piece, size, err);
	}
	done = done && multipart_end(&mp, err);
	multipart_clear(&mp);
	multipart_clear(&mp);
	return done;
}

static bool
parse(struct heard *heard, const char *type, const char *body, size_t length, struct error *err)
{
	return parse_pieces(heard, type, body, length, length, 1, err);
}

#define HEAD(name)       "Content-Disposition: form-data; name=\"" name "\"\r\n"
#define ENCODING(name)   "Content-Transfer-Encoding: " name "\r\n"
#define MIXED            "Content-Type: multipart/mixed; boundary=C\r\n"
#define ATTACHMENT(name) "Content-Disposition: attachment; filename=\"" name "\"\r\n"

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
test_broken_body_is_refused_in_whatever_pieces(void **state)
{
	static const struct {
		const char *body;
		size_t length;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("\r\n") },
		{ BYTES("nothing of it") },
		{ BYTES("--B") },
		{ BYTES("--B\r\n") },
		{ BYTES("--B\r\n" HEAD("a")) },
		{ BYTES("--B\r\n" HEAD("a") "\r\n") },
		{ BYTES("--B\r\n" HEAD("a") "\r\nx") },
		{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B") },
		{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B-") },
		{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B\r\n") },
		{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--C--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--Bx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") "\r\nx\r\n--B-x\r\n--B--\r\n") },
		{ BYTES("--B\n"
			"Content-Disposition: form-data; name=\"a\"\n\nx\n--B--\n") },
		{ BYTES("--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES(
		    "--B\r\nContent-Disposition: form-data; filename=\"x\"\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES(
		    "--B\r\nContent-Disposition: form-data; name=\"a\\\"\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES(
		    "--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES(
		    "--B\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\nx\r\n--B--\r\n") },
		/* a part without any header, whatever comes behind it */
		{ BYTES("--B\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n\r\nx\r\n--B\r\n" HEAD("a") "\r\ny\r\n--B--\r\n") },
		{ BYTES("--B\r\n\r\n" HEAD("a") "\r\ny\r\n--B--\r\n") },
		/* transfer encodings */
		{ BYTES("--B\r\n" HEAD("a") ENCODING("x-uuencode") "\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("") "\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\neA=x\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\n=\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\neHh4e\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\n-_\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("base64") "\r\n\0\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("quoted-printable") "\r\n=4\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a")
			ENCODING("quoted-printable") "\r\n=4\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("quoted-printable") "\r\n=xy\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("quoted-printable") "\r\n= 41\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") ENCODING("quoted-printable") "\r\n==\r\n--B--\r\n") },
		/* parts in parts */
		{ BYTES("--B\r\n" HEAD("a") MIXED "\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") MIXED
		    "\r\n--C\r\n" ATTACHMENT("n") "\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") MIXED "\r\n--C\r\n\r\nx\r\n--C--\r\n--B--\r\n") },
		{ BYTES(
		    "--B\r\n" HEAD("a") "Content-Type: multipart/mixed\r\n\r\nx\r\n--B--\r\n") },
		{ BYTES("--B\r\n" HEAD("a") MIXED
		    "\r\n--C\r\nContent-Disposition: attachment\r\n"
		    "Content-Type: multipart/mixed; boundary=D\r\n\r\n--D--\r\n--C--\r\n--B--\r\n") },
	};
	struct heard heard = { 0 };
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t first = 0; first <= rows[i].length; first++) {
			bool done;

			err.kind = ERROR_NONE;
			done = parse_pieces(&heard, TYPE, rows[i].body, rows[i].length, first,
			    rows[i].length, &err);
			row_check(failed, !done && err.kind == ERROR_INPUT, "split at %zu: %s",
			    first, rows[i].body);
			if (done)
				break;
		}
	free(heard.text);
	rows_end(failed);
}

/* The padding with which a head has MULTIPART_HEAD_MOST bytes, without the empty line at its end.
 */
#define JUST_FITS (MULTIPART_HEAD_MOST - strlen("X: \r\n") - strlen(HEAD("a")) + 2)

static void
test_head_over_8_kib_is_refused_in_whatever_pieces(void **state)
{
	static const struct {
		size_t padding;
		bool taken;
	} rows[] = { { 100, true }, { 7000, true }, { JUST_FITS, true }, { JUST_FITS + 1, false },
		{ MULTIPART_HEAD_MOST + 1, false }, { 40000, false }, { 70000, false } };
	static const size_t pieces[] = { 1 << 30, 1000, 1 };
	cleanup_free char *body = malloc(100000);
	struct heard heard = { 0 };
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t piece = 0; piece < COUNT(pieces); piece++) {
			size_t length = (size_t)sprintf(body,
			    "--B\r\nX: %0*d\r\n" HEAD("a") "\r\nx\r\n--B--\r\n",
			    (int)rows[i].padding, 0);

			row_check(failed,
			    parse_pieces(&heard, TYPE, body, length, pieces[piece], pieces[piece],
				&err) == rows[i].taken,
			    "%zu bytes of padding, %zu at a time", rows[i].padding, pieces[piece]);
		}
	free(heard.text);
	rows_end(failed);
}

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

static void
test_random_bodies_never_crash(void **state)
{
	static const char *const pieces[] = { "--B", "--", "B", "\r\n", "\r", "\n", "-", "\r\n--B",
		"\r\n\r\n", "Content-Disposition: form-data; name=\"a\"", "; filename=\"x\"",
		"; filename*=utf-8''%", "\r\nContent-Transfer-Encoding: base64",
		"\r\nContent-Transfer-Encoding: quoted-printable",
		"eA==", "\r\nContent-Type: multipart/mixed; boundary=C", "--C", "\r\n--C--", "\"",
		";", "=", "\\", "%22", "%", " ", "data" };
	struct heard heard = { 0 };
	uint64_t seed = 2;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char body[1024];
		size_t length = 0;
		uint32_t count = chance(&seed, 16);
		struct error err;
		bool whole, split;

		for (uint32_t i = 0; i < count; i++)
			length += (size_t)sprintf(body + length, "%s",
			    pieces[chance(&seed, COUNT(pieces))]);
		whole = parse(&heard, TYPE, body, length, &err);
		split = parse_pieces(&heard, TYPE, body, length, 1, 1, &err);
		if (whole != split)
			fail_msg("at once %d, by bytes %d: %.*s", whole, split, (int)length, body);
	}
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
		cmocka_unit_test(test_broken_body_is_refused_in_whatever_pieces),
		cmocka_unit_test(test_head_over_8_kib_is_refused_in_whatever_pieces),
		cmocka_unit_test(test_boundary_is_read_from_the_content_type),
		cmocka_unit_test(test_name_and_filename_are_read_in_the_forms_that_clients_write),
		cmocka_unit_test(test_sink_that_refuses_ends_it),
		cmocka_unit_test(test_random_bodies_never_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
