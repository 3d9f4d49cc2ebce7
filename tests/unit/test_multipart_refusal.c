/*
 * Bodies that are no multipart/form-data, in whatever pieces they come.
 */
#include "multipartsupport.h"

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
		cmocka_unit_test(test_broken_body_is_refused_in_whatever_pieces),
		cmocka_unit_test(test_head_over_8_kib_is_refused_in_whatever_pieces),
		cmocka_unit_test(test_random_bodies_never_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
