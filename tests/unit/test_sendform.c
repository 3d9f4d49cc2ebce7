/*
 * A form as it is sent, read back by the server's parser.
 */
#include "support.h"

#include "fcgi/multipart.h"
#include "sendform.h"

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

/* Reads the whole form in pieces of `piece` bytes. The caller frees it. NULL: err is set. */
static char *
read_all(struct sendform *form, size_t piece, size_t *length, struct error *err)
{
	char *text = malloc((size_t)form->length + piece + 1);
	ssize_t got;

	*length = 0;
	while ((got = sendform_read(form, text + *length, piece, err)) > 0) {
		*length += (size_t)got;
		assert_true((int64_t)*length <= form->length);
	}
	if (got == 0)
		return text;
	free(text);
	return NULL;
}

/* What the server's parser finds, as text: "name", "name filename" and the values. */
static bool
note_begin(void *context, const struct multipart_part *part, struct error *err)
{
	(void)err;
	fprintf(context, "[%s", part->name);
	if (part->filename != NULL)
		fprintf(context, " %s", part->filename);
	return fputs("]", context) >= 0;
}

static bool
note_data(void *context, const char *data, size_t length, struct error *err)
{
	(void)err;
	return fwrite(data, 1, length, context) == length;
}

static bool
note_end(void *context, struct error *err)
{
	(void)err;
	return fputs("\n", context) >= 0;
}

/* The caller frees it. */
static char *
parse(const struct sendform *form, const char *body, size_t length)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	const struct multipart_sink sink = { note_begin, note_data, note_end, to };
	struct multipart parser;
	struct error err;

	must(multipart_begin(&parser, form->content_type, &sink, &err), &err);
	must(multipart_feed(&parser, body, length, &err) && multipart_end(&parser, &err), &err);
	multipart_clear(&parser);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void
test_server_reads_what_was_sent(void **state)
{
	static const size_t pieces[] = { 1, 2, 7, 64, 4096, 1000000 };
	static const char expected[] = "[command]echo 'a'; exit 1\n"
				       "[env]A=\"x\"\n"
				       "[env]B=\n"
				       "[attachments data/a b.csv]1,2\n"
				       "\n"
				       "[attachments data/empty]\n"
				       "[context Dockerfile]FROM busybox\n"
				       "\n";
	const struct folder *folder = *state;
	cleanup_filelist struct filelist files = { 0 }, context = { 0 }, none = { 0 };
	cleanup_sendform struct sendform form = { 0 };
	struct error err;

	assert_int_equal(mkdirat(folder->fd, "data", 0755), 0);
	file_put(folder->fd, "data/a b.csv", "1,2\n", 4);
	file_put(folder->fd, "data/empty", "", 0);
	file_put(folder->fd, "Dockerfile", "FROM busybox\n", 13);
	must(filelist_add(&files, "data", &err) && filelist_finish(&files, &err), &err);
	must(filelist_add(&context, "Dockerfile", &err) && filelist_finish(&context, &err), &err);
	must(sendform_field(&form, "command", "echo 'a'; exit 1", &err) &&
		sendform_field(&form, "env", "A=\"x\"", &err) &&
		sendform_field(&form, "env", "B=", &err) &&
		sendform_files(&form, "attachments", &files, &err) &&
		sendform_files(&form, "inputs", &none, &err) &&
		sendform_files(&form, "context", &context, &err) && sendform_begin(&form, &err),
	    &err);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t length;
		cleanup_free char *body = read_all(&form, pieces[i], &length, &err), *text = NULL;

		assert_non_null(body);
		assert_int_equal(length, form.length);
		text = parse(&form, body, length);
		assert_string_equal(text, expected);
		must(sendform_rewind(&form, &err), &err);
	}
}

static void
test_any_name_arrives_as_it_is(void **state)
{
	static const char *const names[] = { "a", "a b", "a\"b", "a\\", "a\\\\b", "a\\\"b",
		"100%25", "%22", "a%0Ab", "a%0d", "=?utf-8?B?YQ==?=", "caf\xc3\xa9", "a;b=c", "'",
		"\"", "-", "*", "a+b&c", "filename=\"x\"" };
	const struct folder *folder = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(names); i++) {
		cleanup_filelist struct filelist files = { 0 };
		cleanup_sendform struct sendform form = { 0 };
		cleanup_free char *body = NULL, *text = NULL, *expected = NULL;
		struct error err;
		size_t length;

		file_put(folder->fd, names[i], "x", 1);
		must(filelist_add(&files, names[i], &err) && filelist_finish(&files, &err) &&
			sendform_files(&form, "attachments", &files, &err) &&
			sendform_begin(&form, &err),
		    &err);
		body = read_all(&form, 512, &length, &err);
		assert_non_null(body);
		text = parse(&form, body, length);
		assert_true(asprintf(&expected, "[attachments %s]x\n", names[i]) > 0);
		row_check(failed, strcmp(text, expected) == 0, "%s: %s", names[i], text);
	}
	rows_end(failed);
}

static void
test_longest_name_fits(void **state)
{
	const struct folder *folder = *state;
	cleanup_filelist struct filelist files = { 0 };
	cleanup_sendform struct sendform form = { 0 };
	cleanup_free char *body = NULL, *text = NULL;
	char name[PATHNAME_MOST + 1], field[64 + 1];
	struct error err;
	size_t length;

	memset(field, 'f', 64);
	field[64] = '\0';
	memset(name, '"', PATHNAME_MOST);
	for (size_t at = 200; at < PATHNAME_MOST - 30; at += 200) {
		name[at] = '\0';
		assert_int_equal(mkdirat(folder->fd, name, 0755), 0);
		name[at] = '/';
	}
	name[PATHNAME_MOST] = '\0';
	file_put(folder->fd, name, "x", 1);
	must(filelist_add(&files, ".", &err) && filelist_finish(&files, &err) &&
		sendform_files(&form, field, &files, &err) && sendform_begin(&form, &err),
	    &err);
	body = read_all(&form, 4096, &length, &err);
	assert_non_null(body);
	assert_int_equal(length, form.length);
	text = parse(&form, body, length);
	assert_non_null(strstr(text, name));
}

/* What happens to the file "b" after it was listed, and again after half of it was sent. */
enum change { NOTHING, GROWS, SHRINKS, VANISHES, IS_WRITTEN, BECOMES_FIFO };

static void
change_file(const struct folder *folder, enum change change)
{
	const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	cleanup_close int fd = openat(folder->fd, "b", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	if (change == GROWS)
		assert_int_equal(pwrite(fd, "x", 1, 200000), 1);
	if (change == SHRINKS)
		assert_int_equal(ftruncate(fd, 150000), 0);
	if (change == IS_WRITTEN)
		assert_int_equal(futimens(fd, times), 0);
	if (change == VANISHES || change == BECOMES_FIFO)
		assert_int_equal(unlinkat(folder->fd, "b", 0), 0);
	if (change == BECOMES_FIFO)
		assert_int_equal(mkfifoat(folder->fd, "b", 0600), 0);
}

static void
test_file_that_changes_is_told_by_name(void **state)
{
	static const struct {
		enum change before, amid;
		const char *error;
	} rows[] = {
		{ NOTHING, NOTHING, NULL }, { GROWS, NOTHING, "'b' changes while it is sent" },
		{ SHRINKS, NOTHING, "'b' changes while it is sent" },
		{ IS_WRITTEN, NOTHING, "'b' changes while it is sent" },
		{ BECOMES_FIFO, NOTHING, "'b' changes while it is sent" },
		{ VANISHES, NOTHING, "read 'b', nothing was kept of the upload: No such file" },
		{ NOTHING, GROWS, "'b' changes while it is sent" },
		{ NOTHING, SHRINKS, "'b' changes while it is sent" },
		{ NOTHING, IS_WRITTEN, "'b' changes while it is sent" },
		{ NOTHING, VANISHES, NULL }, /* the open file is whole */
	};
	const struct folder *folder = *state;
	static char data[200000];
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_filelist struct filelist files = { 0 };
		cleanup_sendform struct sendform form = { 0 };
		cleanup_free char *rest = NULL;
		struct error err = { .text = "" };
		char begin[100000];
		size_t length;
		ssize_t got;

		(void)unlinkat(folder->fd, "b", 0);
		file_put(folder->fd, "b", data, sizeof data);
		must(filelist_add(&files, "b", &err) && filelist_finish(&files, &err) &&
			sendform_files(&form, "attachments", &files, &err) &&
			sendform_begin(&form, &err),
		    &err);
		change_file(folder, rows[i].before);
		got = sendform_read(&form, begin, sizeof begin, &err);
		if (got > 0) {
			change_file(folder, rows[i].amid);
			rest = read_all(&form, 65536, &length, &err);
		}
		row_check(failed,
		    rows[i].error == NULL ? rest != NULL
					  : rest == NULL &&
			    strncmp(err.text, rows[i].error, strlen(rows[i].error)) == 0,
		    "%d %d: %s", rows[i].before, rows[i].amid, err.text);
	}
	rows_end(failed);
}

static void
test_field_name_that_breaks_the_form_is_refused(void **state)
{
	static const char *const names[] = { "a\"b", "a\r\nb", "a\nb", "a\rb" };
	cleanup_filelist struct filelist files = { 0 };
	cleanup_sendform struct sendform form = { 0 };
	char name[SENDFORM_HEAD + 2];
	struct error err = { .kind = ERROR_NONE };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_false(sendform_field(&form, names[i], "", &err));
		assert_int_equal(err.kind, ERROR_INPUT);
		assert_false(sendform_files(&form, names[i], &files, &err));
	}
	memset(name, 'n', sizeof name);
	name[SENDFORM_HEAD + 1] = '\0';
	assert_false(sendform_files(&form, name, &files, &err));
	name[65] = '\0';
	assert_false(sendform_field(&form, name, "", &err));
	assert_false(sendform_files(&form, name, &files, &err));
	name[64] = '\0';
	assert_true(sendform_field(&form, name, "", &err));
	assert_true(sendform_files(&form, name, &files, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_server_reads_what_was_sent, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(test_any_name_arrives_as_it_is, scene_setup,
		    scene_teardown),
		cmocka_unit_test_setup_teardown(test_longest_name_fits, scene_setup,
		    scene_teardown),
		cmocka_unit_test(test_field_name_that_breaks_the_form_is_refused),
		cmocka_unit_test_setup_teardown(test_file_that_changes_is_told_by_name, scene_setup,
		    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
