/*
 * Which files of a context the engine gets.
 */
#include "support.h"

#include "dockerignore.h"

static void
test_patterns_match_as_the_engine_says(void **state)
{
	static const struct {
		const char *text, *path;
		bool out;
	} rows[] = {
		{ "", "a", false },
		{ "a", "a", true },
		{ "a", "b/a", false },
		{ "a", "a/b/c", true },
		{ "a", "ab", false },
		{ "a/", "a/b", true },
		{ "/a", "a", true },
		{ "/a/b/", "a/b", true },
		{ "./a//b/.", "a/b", true },
		{ "x/../a", "a", true },
		{ "../a", "a", false },
		{ "/../a", "a", true },
		{ "  a \t\r\n", "a", true },
		{ "\xef\xbb\xbf"
		  "a\n",
		    "a", true },
		{ "\xef\xbb\xbf# a\na\n", "a", true },
		{ "# a", "# a", false },
		{ " # a", "# a", true },
		{ "*.c", "x.c", true },
		{ "*.c", "d/x.c", false },
		{ "*/x.c", "d/x.c", true },
		{ "*/x.c", "d/e/x.c", false },
		{ "*", "d/x", true },
		{ ".*", ".git/x", true },
		{ "a?c", "abc", true },
		{ "a?c", "a/c", false },
		{ "a?c",
		    "a\xc3\xa9"
		    "c",
		    true },
		{ "a??c",
		    "a\xc3\xa9"
		    "c",
		    false },
		{ "**/x", "x", true },
		{ "**/x", "a/b/x", true },
		{ "**/x", "a/b/x/y", true },
		{ "**/x", "a/yx", false },
		{ "**x", "a/yx", true },
		{ "**/*.pyc", "x.pyc", true },
		{ "**/*.pyc", "a/b/x.pyc", true },
		{ "**/*.pyc", "a/x.pyo", false },
		{ "a/**", "a/b/c", true },
		{ "a/**", "a", false },
		{ "a/**/z", "a/z", true },
		{ "a/**/z", "a/b/c/z", true },
		{ "a/**/z", "a/b/cz", false },
		{ "a**z", "a/b/z", true },
		{ "a**z", "abz", false },
		{ "**", "a/b", true },
		{ "**/", "a", true },
		{ "[a-c]x", "bx", true },
		{ "[a-c]x", "dx", false },
		{ "[^a-c]x", "dx", true },
		{ "[^a-c]x", "ax", false },
		{ "[]]x", "]x", true },
		{ "[\\]a]x", "]x", true },
		{ "\\*x", "*x", true },
		{ "\\*x", "ax", false },
		{ "a.c", "abc", false },
		{ "a+(b)|$", "a+(b)|$", true },
		{ "*\n!b", "b", false },
		{ "*\n! b", "b", false },
		{ "*\n!/b/", "b/c", false },
		{ "!b\n*", "b", true },
		{ "*\n!b\nb", "b", true },
		{ "*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true },
		{ "*.md\n!README*.md\nREADME-secret.md", "README-public.md", false },
		{ "a\n!a/b/c", "a/b/c/d", false },
		{ "a\n!a/b/c", "a/b/x", true },
		{ "**\n!**/*.txt", "a/b.txt", false },
		{ "node_modules\n**/__pycache__\n.env*", "src/__pycache__/x.pyc", true },
		/* The engine reads these two. */
		{ "*", "Dockerfile", false },
		{ "**", ".dockerignore", false },
		{ "*", "d/Dockerfile", true },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dockerignore ignore;

		row_check(failed, dockerignore_parse(&ignore, rows[i].text, &err), "%s: %s",
		    rows[i].text, err.text);
		row_check(failed, dockerignore_leaves_out(&ignore, rows[i].path) == rows[i].out,
		    "%s: %s", rows[i].text, rows[i].path);
		dockerignore_free(&ignore);
	}
	rows_end(failed);
}

static void
test_malformed_patterns_are_refused(void **state)
{
	static const char *const rows[] = { "!", "a\n! \n", "[a", "a[", "[^", "[a-", "a\\",
		"[a\\" };
	struct dockerignore ignore;
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool read = dockerignore_parse(&ignore, rows[i], &err);

		row_check(failed, !read && err.kind == ERROR_INPUT, "%s", rows[i]);
		if (read)
			dockerignore_free(&ignore);
	}
	rows_end(failed);
}

static void
test_file_of_the_dockerfile_counts_with_buildkit(void **state)
{
	struct folder *folder = *state;
	struct dockerignore ignore;
	struct error err;

	must(dockerignore_read(&ignore, folder->fd, false, &err), &err);
	assert_false(dockerignore_leaves_out(&ignore, "a"));
	dockerignore_free(&ignore);
	file_put(folder->fd, ".dockerignore", "a\n", 2);
	file_put(folder->fd, "Dockerfile.dockerignore", "b\n", 2);
	must(dockerignore_read(&ignore, folder->fd, false, &err), &err);
	assert_true(dockerignore_leaves_out(&ignore, "a"));
	assert_false(dockerignore_leaves_out(&ignore, "b"));
	dockerignore_free(&ignore);
	must(dockerignore_read(&ignore, folder->fd, true, &err), &err);
	assert_false(dockerignore_leaves_out(&ignore, "a"));
	assert_true(dockerignore_leaves_out(&ignore, "b"));
	dockerignore_free(&ignore);
}

/* It takes no longer than pattern times path. */
static void
test_patterns_that_no_hand_has_written(void **state)
{
	char pattern[2001], path[4001];
	struct dockerignore ignore;
	struct error err;

	(void)state;
	for (size_t i = 0; i < 2000; i++)
		pattern[i] = "*a"[i % 2];
	pattern[2000] = '\0';
	memset(path, 'a', sizeof path);
	path[3999] = 'b';
	path[4000] = '\0';
	must(dockerignore_parse(&ignore, pattern, &err), &err);
	assert_false(dockerignore_leaves_out(&ignore, path));
	dockerignore_free(&ignore);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns_match_as_the_engine_says),
		cmocka_unit_test(test_malformed_patterns_are_refused),
		cmocka_unit_test_setup_teardown(test_file_of_the_dockerfile_counts_with_buildkit,
		    folder_setup, folder_teardown),
		cmocka_unit_test(test_patterns_that_no_hand_has_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
