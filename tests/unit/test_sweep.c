/*
 * The row of the last sweep.
 */
#include "support.h"

#include <jansson.h>

#include "sweep.h"

static void
test_last_sweep_is_the_one_that_is_read(void **state)
{
	struct world *world = *state;
	struct sweep first = { .started_at = 1, .finished_at = 2, .errors = 1, .error = "why" };
	struct sweep second = { .started_at = 3,
		.finished_at = 4,
		.files = 5,
		.file_bytes = 6,
		.containers = 7,
		.images = 8,
		.image_bytes = 9 };
	struct sweep read;

	must(sweep_read(&world->db, &read, &world->err), &world->err);
	assert_int_equal(read.started_at, 0);
	must(sweep_write(&world->db, &first, &world->err), &world->err);
	must(sweep_read(&world->db, &read, &world->err), &world->err);
	assert_memory_equal(&read, &first, sizeof read);
	must(sweep_write(&world->db, &second, &world->err), &world->err);
	must(sweep_read(&world->db, &read, &world->err), &world->err);
	assert_memory_equal(&read, &second, sizeof read);
}

static void
test_first_error_is_kept_and_all_are_counted(void **state)
{
	struct sweep sweep = { 0 };

	(void)state;
	sweep_add_error(&sweep, "the first");
	sweep_add_error(&sweep, "the second");
	assert_int_equal(sweep.errors, 2);
	assert_string_equal(sweep.error, "the first");
}

/* jansson takes nothing else. */
static void
test_error_is_utf8_whatever_the_name_of_the_file(void **state)
{
	char text[2 * sizeof((struct sweep){ 0 }.error)];
	struct sweep sweep = { 0 };
	json_t *json;

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 2 == 0 ? '\xc3' : '\xa4'; /* cut in the middle of a character */
	text[sizeof text - 1] = '\0';
	text[2] = '\xff';
	sweep_add_error(&sweep, text);
	json = json_string(sweep.error);
	assert_non_null(json);
	json_decref(json);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_last_sweep_is_the_one_that_is_read),
		test(test_first_error_is_kept_and_all_are_counted),
		test(test_error_is_utf8_whatever_the_name_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
