/*
 * What a repo_url may be, and what a program says line by line.
 * The functions that decide are static: the file is included.
 */
#include "support.h"

#include "daemon/spooler/clone/checkout.c"

static char https[] = "https", http[] = "http", ssh[] = "ssh";

static void
test_url_names_program_address_and_host(void **state)
{
	static const struct {
		const char *text;
		enum checkout_kind kind;
		const char *url, *host;
	} rows[] = {
		{ "https://example.org/r.git", CHECKOUT_GIT, "https://example.org/r.git",
		    "example.org" },
		{ "https://example.org/r", CHECKOUT_HG, "https://example.org/r", "example.org" },
		{ "git+https://example.org/r", CHECKOUT_GIT, "https://example.org/r",
		    "example.org" },
		{ "hg+https://example.org/r", CHECKOUT_HG, "https://example.org/r", "example.org" },
		{ "hg+https://example.org/r.git", CHECKOUT_HG, "https://example.org/r.git",
		    "example.org" },
		{ "GIT+https://example.org/r", CHECKOUT_GIT, "https://example.org/r",
		    "example.org" },
		{ "HTTPS://Example.org/r.git", CHECKOUT_GIT, "HTTPS://Example.org/r.git",
		    "Example.org" },
		{ "http://example.org/r.git", CHECKOUT_GIT, "http://example.org/r.git",
		    "example.org" },
		{ "ssh://git@example.org/r.git", CHECKOUT_GIT, "ssh://git@example.org/r.git",
		    "example.org" },
		{ "https://example.org", CHECKOUT_HG, "https://example.org", "example.org" },
		{ "https://example.org:8443/r", CHECKOUT_HG, "https://example.org:8443/r",
		    "example.org" },
		{ "https://u:p@example.org:8443/r", CHECKOUT_HG, "https://example.org:8443/r",
		    "example.org" },
		{ "https://example.org/a@b/r", CHECKOUT_HG, "https://example.org/a@b/r",
		    "example.org" },
		{ "https://example.org/?x@y#z", CHECKOUT_HG, "https://example.org/?x@y#z",
		    "example.org" },
		{ "https://u%40x:p%2f@example.org/r", CHECKOUT_HG, "https://example.org/r",
		    "example.org" },
		{ "ssh://git@example.org:2222/r", CHECKOUT_HG, "ssh://git@example.org:2222/r",
		    "example.org" },
		{ "https://[::ffff:127.0.0.1]/r", CHECKOUT_HG, "https://[::ffff:127.0.0.1]/r",
		    "::ffff:127.0.0.1" },
		{ "https://0x7f.1/r", CHECKOUT_HG, "https://0x7f.1/r", "0x7f.1" },
		{ "https://[2001:db8::1]/r", CHECKOUT_HG, "https://[2001:db8::1]/r",
		    "2001:db8::1" },
		{ "https://[::1]:8443/r", CHECKOUT_HG, "https://[::1]:8443/r", "::1" },
		{ "https://u@[::1]:8443/r", CHECKOUT_HG, "https://[::1]:8443/r", "::1" },
		{ "https://127.0.0.1/r", CHECKOUT_HG, "https://127.0.0.1/r", "127.0.0.1" },
	};
	char *words[] = { https, http, ssh };
	const struct text_list schemes = { words, COUNT(words) };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { .kind = ERROR_NONE };
		struct checkout_url url;

		row_check(failed, checkout_url_parse(&url, rows[i].text, &schemes, &err), "%s: %s",
		    rows[i].text, err.text);
		if (err.kind != ERROR_NONE)
			continue;
		row_check(failed, url.kind == rows[i].kind, "%s: kind %d", rows[i].text, url.kind);
		row_check(failed, strcmp(url.url, rows[i].url) == 0, "%s: url %s", rows[i].text,
		    url.url);
		row_check(failed, strcmp(url.host, rows[i].host) == 0, "%s: host %s", rows[i].text,
		    url.host);
	}
	rows_end(failed);
}

static void
test_user_and_password_are_taken_out_and_decoded(void **state)
{
	static const struct {
		const char *text, *user, *password;
	} rows[] = {
		{ "https://example.org/r", "", "" },
		{ "https://u@example.org/r", "u", "" },
		{ "https://u:@example.org/r", "u", "" },
		{ "https://u:p:q@example.org/r", "u", "p:q" },
		{ "https://u%40x:p%2F%zz%@example.org/r", "u@x", "p/%zz%" },
		{ "https://example.org/u:p@r", "", "" },
	};
	char *words[] = { https };
	const struct text_list schemes = { words, COUNT(words) };
	struct checkout_url url;
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		row_check(failed, checkout_url_parse(&url, rows[i].text, &schemes, &err), "%s",
		    rows[i].text);
		row_check(failed,
		    strcmp(url.user, rows[i].user) == 0 &&
			strcmp(url.password, rows[i].password) == 0,
		    "%s: %s %s", rows[i].text, url.user, url.password);
	}
	rows_end(failed);
}

static void
test_what_is_no_url_or_of_another_scheme_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"example.org/r.git",
		"/etc/passwd",
		"-u/r.git",
		"--upload-pack=touch /tmp/x",
		"git@example.org:r.git",
		"file:///etc",
		"git+file:///etc",
		"http://example.org/r.git",
		"svn+ssh://example.org/r.git",
		"git+http://example.org/r.git",
		"git://example.org/r.git",
		"ext::sh -c id",
		"ext::https://example.org",
		"hg+git+https://example.org/r",
		"git+",
		"://example.org",
		"https:",
		"https:/example.org",
		"https://",
		"https:///r",
		"https://?x",
		"https://:80/r",
		"https://u@/r",
		"https://-oProxyCommand=id/r",
		"https://u@-oProxyCommand=id/r",
		"https://[]/r",
		" https://example.org/r",
		"https://example.org/a b",
		"https://example.org/a\nb",
		"https://example.org/a\tb",
		"https://example.org/\x01",
		"https://example.org\\@127.0.0.1/r",
		"https://example.org\\.evil/r",
		"https://a@b@example.org/r",
		"https://example.org#@127.0.0.1/r",
		"https://example.org?@127.0.0.1/r",
		"https://example.org:80@127.0.0.1:99@x/r",
		"https://example.org:x/r",
		"https://example.org:/r",
		"https://example.org:123456/r",
		"https://exam%70le.org/r",
		"https://%2doProxyCommand=id/r",
		"https://ex\xc3\xa4mple.org/r",
		"https://example.org,example.com/r",
		"https://[::1/r",
		"https://[::1]x/r",
		"https://[fe80::1%25eth0]/r",
		"https://:p@example.org/r",
		"https://u%0a:p@example.org/r",
		"https://u:p%0d@example.org/r",
		"https://-u@example.org/r",
		"https://@example.org/r",
		"ssh://-oProxyCommand=id/r",
		"ssh://-oProxyCommand=id@example.org/r",
		"ssh://%2doProxyCommand=id@example.org/r",
		"ssh://git@-oProxyCommand=id/r",
		"ssh://git:x@example.org/r",
		"ssh://$(id)@example.org/r",
		"ssh://[-oProxyCommand=id]/r",
		"hg+--config=alias.clone=!id",
		"hg+https://!id/r",
		"git+ext::sh -c id",
		"git+fd::17/x",
		"bundle:/etc/passwd",
		"union:https://example.org/r",
	};
	char *words[] = { https, ssh };
	const struct text_list schemes = { words, COUNT(words) };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = { .kind = ERROR_NONE };
		struct checkout_url url = { .host = "" };

		row_check(failed, !checkout_url_parse(&url, rows[i], &schemes, &err),
		    "'%s': host '%s'", rows[i], url.host);
		row_check(failed,
		    err.kind == ERROR_INPUT && strncmp(err.text, "repo_url: ", 10) == 0, "'%s': %s",
		    rows[i], err.text);
	}
	rows_end(failed);
}

static void
test_url_too_long_is_refused(void **state)
{
	char *words[] = { https }, text[4096] = "https://";
	const struct text_list schemes = { words, COUNT(words) };
	struct checkout_url url;
	struct error err;

	(void)state;
	memset(text + 8, 'a', 255);
	strcpy(text + 8 + 255, "/r");
	assert_true(checkout_url_parse(&url, text, &schemes, &err));
	memset(text + 8, 'a', 256);
	strcpy(text + 8 + 256, "/r");
	assert_false(checkout_url_parse(&url, text, &schemes, &err));
	strcpy(text, "https://example.org/");
	memset(text + strlen(text), 'a', sizeof url.url - strlen(text) - 1);
	text[sizeof url.url - 1] = '\0';
	assert_true(checkout_url_parse(&url, text, &schemes, &err));
	assert_string_equal(url.url, text);
	text[sizeof url.url - 1] = 'a';
	text[sizeof url.url] = '\0';
	assert_false(checkout_url_parse(&url, text, &schemes, &err));
}

/* Lines that were heard, one behind the other. */
static void
hear(void *context, const char *line)
{
	char *heard = context;

	assert_true(strlen(heard) + strlen(line) + 2 < 4096);
	strcat(strcat(heard, line), "|");
}

static void
test_what_the_program_says_is_handed_on_line_by_line(void **state)
{
	static const struct {
		const char *said;
		const char *expected;
	} rows[] = {
		{ "", "" },
		{ "one\n", "one|" },
		{ "one\ntwo\n", "one|two|" },
		{ "one\ntwo", "one|two|" },
		{ "10%\r20%\r100%\n", "10%|20%|100%|" },
		{ "one\r\n\n\ntwo\n", "one|two|" },
		{ "\n\n", "" },
		{ "one\ncaf\xe9\n", "one|caf\xe9|" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t piece = 1; piece <= 5; piece++) {
			char heard[4096] = "", line[LINE_TEXT];
			const struct checkout checkout = { .output = hear, .context = heard };
			size_t held = 0, length = strlen(rows[i].said);
			int ends[2];

			assert_int_equal(pipe(ends), 0);
			for (size_t at = 0; at < length; at += piece) {
				size_t size = length - at < piece ? length - at : piece;

				assert_int_equal(write(ends[1], rows[i].said + at, size), size);
				assert_true(checkout_read_output(&checkout, ends[0], line, &held));
			}
			(void)close(ends[1]);
			row_check(failed, !checkout_read_output(&checkout, ends[0], line, &held), "%s",
			    rows[i].said);
			row_check(failed, strcmp(heard, rows[i].expected) == 0,
			    "%zu at a time: '%s' instead of '%s'", piece, heard, rows[i].expected);
			(void)close(ends[0]);
		}
	rows_end(failed);
}

static void
test_endless_line_is_handed_on_in_pieces(void **state)
{
	char heard[4096] = "", line[LINE_TEXT], said[3000];
	const struct checkout checkout = { .output = hear, .context = heard };
	size_t held = 0, letters = 0;
	int ends[2];

	(void)state;
	memset(said, 'x', sizeof said);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], said, sizeof said), sizeof said);
	(void)close(ends[1]);
	for (int reads = 0; checkout_read_output(&checkout, ends[0], line, &held); reads++)
		assert_true(reads < 10);
	(void)close(ends[0]);
	for (const char *c = heard; *c != '\0'; c++)
		letters += *c == 'x';
	assert_int_equal(letters, sizeof said);
}

/* Whether each piece was valid UTF-8, and how many bytes came in all. */
struct pieces {
	bool valid;
	size_t bytes;
};

static void
hear_piece(void *context, const char *line)
{
	struct pieces *pieces = context;

	pieces->valid = pieces->valid && utf8_valid(line, strlen(line));
	pieces->bytes += strlen(line);
}

static void
test_endless_line_is_cut_at_whole_characters(void **state)
{
	struct pieces pieces = { .valid = true };
	const struct checkout checkout = { .output = hear_piece, .context = &pieces };
	char line[LINE_TEXT], said[3000];
	size_t held = 0;
	int ends[2];

	(void)state;
	for (size_t i = 0; i < sizeof said; i += 3)
		memcpy(said + i, "\xe2\x82\xac", 3);
	said[0] = said[1] = said[2] = 'x'; /* a letter and a half do not fill the room */
	said[2997] = said[2998] = said[2999] = 'x';
	for (size_t skip = 0; skip < 3; skip++) {
		pieces = (struct pieces){ .valid = true };
		held = 0;
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], said + skip, sizeof said - skip),
		    sizeof said - skip);
		(void)close(ends[1]);
		for (int reads = 0; checkout_read_output(&checkout, ends[0], line, &held); reads++)
			assert_true(reads < 10);
		(void)close(ends[0]);
		assert_true(pieces.valid);
		assert_int_equal(pieces.bytes, sizeof said - skip);
	}
}

static void
test_zeros_in_what_the_program_says_end_nothing(void **state)
{
	char heard[8192] = "", line[LINE_TEXT], said[3000];
	const struct checkout checkout = { .output = hear, .context = heard };
	size_t held = 0;
	int ends[2];

	(void)state;
	memset(said, 0, sizeof said);
	memcpy(said + sizeof said - 6, "\nlast\n", 6);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], said, sizeof said), sizeof said);
	(void)close(ends[1]);
	for (int reads = 0; checkout_read_output(&checkout, ends[0], line, &held); reads++)
		assert_true(reads < 10);
	(void)close(ends[0]);
	assert_non_null(strstr(heard, "|last|"));
}

static bool
never(void *context)
{
	(void)context;
	return false;
}

static void
test_program_sees_its_folder_and_nothing_of_ours(void **state)
{
	static const struct {
		const char *command, *heard;
	} rows[] = {
		{ "echo x", "x|" },
		{ "cd clone && echo x >tree && cat tree", "x|" },
		{ "cat clone/hgrc >/dev/null && echo read", "read|" },
		{ "cat kabuto.conf", "" },
		{ "ls", "" },
		{ "ls clone/..", "" },
		{ "echo x >>kabuto.conf && echo written", "" },
		{ "cat /etc/shadow", "" },
		{ "ls /etc", "" },
		{ "ls /var", "" },
		{ "ls /root", "" },
		{ "ls /tmp", "" },
		{ "ls /proc", "" },
		{ "ls /run", "" },
		{ "cd clone && cp /bin/true . && ./true && echo ran", "" },
		{ "echo $HOME $GIT_ALLOW_PROTOCOL", "/nonexistent https:ssh|" },
		{ "env | grep -c SECRET", "0|" },
	};
	const struct folder *folder = *state;
	char path[128], heard[4096], *schemes[] = { https, ssh };
	const struct config config = { .build = { .checkout_timeout = 60,
					   .checkout_limit = 1 << 20,
					   .allow_private = true,
					   .schemes = { schemes, 2 } } };
	const struct checkout checkout = { &config, path, never, hear, heard };
	const struct checkout_url url = { .url = "https://example.org/r" };
	struct launch launch = { .checkout = &checkout, .url = &url };
	struct error err;
	int failed = 0;

	if (confine_missing() != NULL)
		skip();
	snprintf(path, sizeof path, "%s/clone", folder->path);
	file_put(folder->fd, "kabuto.conf", "secret", 6);
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	must(proxy_start(&launch.proxy, true, true, &err), &err);
	must(checkout_write_settings(&launch, &err), &err);
	must(checkout_set_environment(&launch, &err), &err);
	must(checkout_confine(&launch, &err), &err);
	assert_int_equal(file_mode(folder->fd, "clone"), 0700);
	assert_int_equal(file_mode(folder->fd, "clone/hgrc"), 0600);
	assert_int_equal(file_mode(folder->fd, "clone/gitconfig"), 0600);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char command[1024];
		char shell[] = "/bin/sh", option[] = "-c";
		char *arguments[] = { shell, option, command, NULL };

		heard[0] = '\0';
		snprintf(command, sizeof command, "cd %s && (%s) 2>/dev/null", folder->path,
		    rows[i].command);
		(void)checkout_run(&launch, arguments, &err);
		row_check(failed, strcmp(heard, rows[i].heard) == 0, "%s: %s", rows[i].command,
		    heard);
	}
	proxy_stop(&launch.proxy);
	confine_end(&launch.confine);
	for (size_t i = 0; i < launch.variables; i++)
		free(launch.environment[i]);
	rows_end(failed);
}

static void
test_private_host_of_ssh_is_refused_before_anything_runs(void **state)
{
	const struct folder *folder = *state;
	char path[128], heard[4096] = "";
	const struct config config = { .build = {
					   .checkout_timeout = 10, .checkout_limit = 1 << 20 } };
	const struct checkout checkout = { &config, path, never, hear, heard };
	const struct checkout_url url = { .kind = CHECKOUT_GIT,
		.url = "ssh://127.0.0.1:1/r.git",
		.host = "127.0.0.1",
		.port = "1",
		.ssh = true };
	struct error err;

	snprintf(path, sizeof path, "%s/clone", folder->path);
	assert_false(checkout_clone(&checkout, &url, &err));
	assert_int_equal(err.kind, ERROR_INPUT);
	assert_string_equal(err.text,
	    "repo_url: '127.0.0.1' is an address of a private network, which is not allowed here");
	assert_string_equal(heard, "");
	assert_false(file_exists(folder->fd, "clone"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_url_names_program_address_and_host),
		cmocka_unit_test(test_user_and_password_are_taken_out_and_decoded),
		cmocka_unit_test(test_what_is_no_url_or_of_another_scheme_is_refused),
		cmocka_unit_test(test_url_too_long_is_refused),
		cmocka_unit_test(test_what_the_program_says_is_handed_on_line_by_line),
		cmocka_unit_test(test_endless_line_is_handed_on_in_pieces),
		cmocka_unit_test(test_endless_line_is_cut_at_whole_characters),
		cmocka_unit_test(test_zeros_in_what_the_program_says_end_nothing),
		cmocka_unit_test_setup_teardown(test_program_sees_its_folder_and_nothing_of_ours,
		    folder_setup, folder_teardown),
		cmocka_unit_test_setup_teardown(
		    test_private_host_of_ssh_is_refused_before_anything_runs, folder_setup,
		    folder_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
