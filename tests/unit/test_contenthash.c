/*
 * When two contexts are the same.
 */
#include "support.h"

#include "contenthash.h"

/* Adds a file as an upload does. */
static void
add(struct attachments *files, const char *name, const char *content)
{
	struct digest digest;
	struct error err;

	must(attachment_add(files, name, (int64_t)strlen(content), &err), &err);
	digest_begin(&digest);
	digest_bytes(&digest, content, strlen(content));
	digest_end(&digest, files->items[files->count - 1].digest);
}

/* Each row is "name=content" for each file. */
#define FILES_MOST 3
struct row {
	const char *files[FILES_MOST];
	const char *dockerfile, *build_arg;
	bool same; /* as the first row */
};

static void
hash_of(const struct row *row, unsigned char hash[static DIGEST_BYTES])
{
	struct attachments files = { 0 };
	struct error err;

	for (size_t i = 0; i < FILES_MOST && row->files[i] != NULL; i++) {
		char name[64];
		const char *content = strchr(row->files[i], '=') + 1;

		snprintf(name, sizeof name, "%.*s", (int)(content - 1 - row->files[i]),
		    row->files[i]);
		add(&files, name, content);
	}
	must(contenthash_make(&files, row->dockerfile, row->build_arg, hash, &err), &err);
	attachment_clear(&files);
}

static void
test_contexts_are_the_same_if_all_of_them_is_the_same(void **state)
{
	static const struct row rows[] = {
		{ { "a=1", "b/c=2" }, "FROM x\n", "[\"A=1\",\"B=2\"]", true },
		{ { "b/c=2", "a=1" }, "FROM x\n", "[\"A=1\",\"B=2\"]", true },
		{ { "b/c=2", "Dockerfile=FROM x\n", "a=1" }, NULL, "[\"A=1\",\"B=2\"]", true },
		{ { "a=1", "b/c=2" }, "FROM y\n", "[\"A=1\",\"B=2\"]", false },
		{ { "a=1", "b/c=2" }, "FROM x", "[\"A=1\",\"B=2\"]", false },
		{ { "a=1", "b/c=2" }, "FROM x\n", "[\"B=2\",\"A=1\"]", false },
		{ { "a=1", "b/c=2" }, "FROM x\n", "[\"A=1\"]", false },
		{ { "a=1", "b/c=2" }, "FROM x\n", NULL, false },
		{ { "a=2", "b/c=1" }, "FROM x\n", "[\"A=1\",\"B=2\"]", false },
		{ { "a=1", "b/d=2" }, "FROM x\n", "[\"A=1\",\"B=2\"]", false },
		{ { "a=1", "c=2" }, "FROM x\n", "[\"A=1\",\"B=2\"]", false },
		{ { "a=1" }, "FROM x\n", "[\"A=1\",\"B=2\"]", false },
		{ { "a=1", "b/c=2", "d=" }, "FROM x\n", "[\"A=1\",\"B=2\"]", false },
	};
	unsigned char first[DIGEST_BYTES], hash[DIGEST_BYTES];
	int failed = 0;

	(void)state;
	hash_of(&rows[0], first);
	for (size_t i = 0; i < COUNT(rows); i++) {
		hash_of(&rows[i], hash);
		row_check(failed, (memcmp(first, hash, DIGEST_BYTES) == 0) == rows[i].same,
		    "row %zu", i);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contexts_are_the_same_if_all_of_them_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
