/*
 * An account's own images as bases: which names are theirs, and what the output shows of their
 * tags.
 */
#include "support.h"

#include "build.h"
#include "ownimage.h"

static void
test_names_of_kabutos_images_are_reserved_however_they_are_written(void **state)
{
	static const struct {
		const char *name;
		bool reserved;
	} rows[] = {
		{ "kabuto/7", true },
		{ "kabuto/abcdefgh-7:8-secret", true },
		{ "Kabuto/7", true },
		{ "kabuto/abcdefgh-7@sha256:00", true },
		{ "docker.io/kabuto/7", true },
		{ "DOCKER.io/kabuto/7", true },
		{ "index.docker.io/kabuto/7", true },
		{ "registry-1.docker.io/kabuto/7", true },
		{ "localhost/kabuto/7", true },
		{ "docker.io/localhost/kabuto/7", true },
		{ "docker://docker.io/kabuto/7", true },
		{ "docker-image://kabuto/7", true },
		{ "docker.io//kabuto/7", true },
		{ "abcdefgh-7@sha256:00", true },
		{ "library/abcdefgh-7", true },
		{ "registry.example:5000/team/abcdefgh-7@sha256:00", true },
		{ "registry.example/team/ABCDEFGH-7:1", true },
		{ "kabuto", false },
		{ "kabuto:1", false },
		{ "kabutos/7", false },
		{ "example.org/kabuto/7", false },
		{ "team/kabuto", false },
		{ "abcdefghi-7", false },
		{ "xabcdefgh-7", false },
		{ "busybox@sha256:00", false },
		{ "", false },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    ownimage_is_reserved(rows[i].name, "abcdefgh") == rows[i].reserved, "%s",
		    rows[i].name);
	rows_end(failed);
}

static void
test_output_shows_names_and_no_secrets(void **state)
{
	static const struct {
		const char *text, *masked;
	} rows[] = {
		{ "Step 1/2 : FROM kabuto/i-7:8-s3cr3t", "Step 1/2 : FROM kabuto/base" },
		{ "[1/2] FROM docker.io/kabuto/i-7:8-s3cr3t@sha256:0",
		    "[1/2] FROM docker.io/kabuto/base@sha256:0" },
		{ "a r/n/i-7:8-s3cr3t b s3cr3t s3cr3t", "a kabuto/base b *** ***" },
		{ "Successfully tagged docker.io/kabuto/abcdefgh-17:18-0a1b2c\\n and",
		    "Successfully tagged docker.io/kabuto/abcdefgh-************\\n and" },
		{ "abcdefgh-1abcdefgh-x, kabuto.instance=abcdefgh",
		    "abcdefgh-***********, kabuto.instance=abcdefgh" },
		{ "nothing", "nothing" },
		{ "", "" },
	};
	struct spooler spooler = { .instance = "abcdefgh" };
	struct worker worker = { .spooler = &spooler };
	struct ownimages own = { .worker = &worker, .count = 1 };
	int failed = 0;

	(void)state;
	own.items[0] = (struct ownimage){ .shown = strdup("kabuto/base"),
		.name = { "kabuto/i-7:8-s3cr3t", "r/n/i-7:8-s3cr3t" },
		.secret = "s3cr3t" };
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup_free char *masked = ownimage_mask(&own, rows[i].text);

		row_check(failed, strcmp(masked, rows[i].masked) == 0, "%s: %s", rows[i].text,
		    masked);
	}
	rows_end(failed);
	ownimage_clear(&own);
}

static void
test_base_is_the_owners_and_kept_until_the_build_ends(void **state)
{
	struct world *world = *state;
	struct build build = { .id = 20, .image = 3, .account = 1 };
	struct build_base base;
	bool needed;

	world_sql(world,
	    "BEGIN; INSERT INTO account (id, login, email, password_hash, created_at) VALUES"
	    " (1, 'alice', '', '', 0), (2, 'bob', '', '', 0);"
	    "INSERT INTO image (id, account, name, created_at, build) VALUES"
	    " (1, 1, 'base', 0, 10), (2, 1, 'base', 0, 11), (3, 1, 'new', 0, NULL), (4, 2, 'his', 0, 12);"
	    "INSERT INTO build (id, image, account, state, nocache, created_at, tag_secret) VALUES"
	    " (10, 1, 1, 'SUCCESS', 0, 0, 'ten'), (11, 2, 1, 'SUCCESS', 0, 0, 'eleven'),"
	    " (12, 4, 2, 'SUCCESS', 0, 0, 'twelve'), (20, 3, 1, 'PENDING', 0, 0, 'twenty'),"
	    " (21, 2, 1, 'SUCCESS', 0, 0, 'later'); COMMIT");
	must(build_take_base(&world->db, &build, "1", &base, &world->err), &world->err);
	assert_int_equal(base.build, 10);
	assert_string_equal(base.tag_secret, "ten");
	must(build_take_base(&world->db, &build, "base", &base, &world->err), &world->err);
	assert_int_equal(base.image, 2);
	assert_int_equal(base.build, 11);
	must(build_take_base(&world->db, &build, "base", &base, &world->err), &world->err);
	assert_int_equal(world_integer(world, "SELECT bases = ',10,11,' FROM build WHERE id = 20"),
	    1);
	for (size_t i = 0; i < 4; i++) {
		const char *names[] = { "3", "4", "his", "nosuch" };

		assert_false(build_take_base(&world->db, &build, names[i], &base, &world->err));
		assert_int_equal(world->err.kind, ERROR_NOT_FOUND);
	}
	/* Its owner builds it again, and deletes the other one. */
	world_sql(world, "UPDATE image SET build = 21 WHERE id = 2");
	world_sql(world, "UPDATE image SET deleted = 1 WHERE id = 1");
	assert_false(build_take_base(&world->db, &build, "1", &base, &world->err));
	must(build_is_needed(&world->db, 1, 10, &needed, &world->err), &world->err);
	assert_true(needed);
	must(build_is_needed(&world->db, 2, 11, &needed, &world->err), &world->err);
	assert_true(needed);
	must(build_is_needed(&world->db, 1, 1, &needed, &world->err), &world->err);
	assert_false(needed);
	world_sql(world, "UPDATE build SET state = 'FAILED' WHERE id = 20");
	must(build_is_needed(&world->db, 1, 10, &needed, &world->err), &world->err);
	assert_false(needed);
	must(build_is_needed(&world->db, 2, 11, &needed, &world->err), &world->err);
	assert_false(needed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_names_of_kabutos_images_are_reserved_however_they_are_written),
		cmocka_unit_test(test_output_shows_names_and_no_secrets),
		cmocka_unit_test_setup_teardown(
		    test_base_is_the_owners_and_kept_until_the_build_ends, world_setup,
		    world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
