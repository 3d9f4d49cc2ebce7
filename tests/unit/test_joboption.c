/*
 * The table of a job's options: what it says agrees with the tables of the database and of the
 * settings, and each option survives its way through the database.
 */
#include "support.h"

#include <limits.h>

#include "job.h"
#include "joboption.h"

static void
test_options_are_filled_in_and_held_under_their_ceilings(void **state)
{
	static char none[] = "none", bridge[] = "bridge", networks_none[] = "none";
	char *networks[] = { networks_none };
	const struct config config = { .job = { .timeout = 60,
					   .timeout_max = 100,
					   .memory = 1 << 20,
					   .memory_max = 8 << 20,
					   .cpus = 1,
					   .cpus_max = 2,
					   .pids = 10,
					   .pids_max = 20,
					   .disk = 0,
					   .disk_max = 1 << 30,
					   .grace = 5,
					   .grace_max = 9,
					   .network = none,
					   .networks = { networks, 1 } } };
	static const struct {
		int64_t timeout, grace, memory;
		double cpus;
		int64_t pids, disk;
		const char *network;
		const char *says; /* NULL: it is taken */
	} rows[] = {
		{ -1, -1, -1, -1, -1, -1, NULL, NULL },
		{ 100, 9, 8 << 20, 2, 20, 1 << 30, "none", NULL },
		{ 1, 0, 1, 0.01, 1, 0, NULL, NULL },
		{ 101, -1, -1, -1, -1, -1, NULL, "timeout: must be at most 100" },
		{ -1, 10, -1, -1, -1, -1, NULL, "grace: must be at most 9" },
		{ -1, -1, (8 << 20) + 1, -1, -1, -1, NULL, "memory: must be at most 8 MiB" },
		{ -1, -1, -1, 2.5, -1, -1, NULL, "cpus: must be at most 2" },
		{ -1, -1, -1, -1, 21, -1, NULL, "pids: must be at most 20" },
		{ -1, -1, -1, -1, -1, (1 << 30) + 1, NULL, "disk: must be at most 1 GiB" },
		{ -1, -1, -1, -1, -1, -1, bridge, "network: 'bridge'" },
	};
	struct world *world = *state;
	int failed = 0;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job job = { .timeout = rows[i].timeout,
			.grace = rows[i].grace,
			.memory = rows[i].memory,
			.cpus = rows[i].cpus,
			.pids = rows[i].pids,
			.disk = rows[i].disk,
			.network = rows[i].network != NULL ? strdup(rows[i].network) : NULL };
		bool taken = joboption_resolve(&job, &config, &world->err);

		row_check(failed, taken == (rows[i].says == NULL), "row %zu", i);
		if (!taken)
			row_check(failed,
			    world->err.kind == ERROR_IMPOSSIBLE &&
				strstr(world->err.text, rows[i].says) != NULL,
			    "row %zu: %s", i, world->err.text);
		if (taken && rows[i].timeout == JOBOPTION_UNSET)
			row_check(failed,
			    job.timeout == 60 && job.grace == 5 && job.memory == 1 << 20 &&
				job.cpus == 1 && job.pids == 10 && job.disk == 0 &&
				strcmp(job.network, "none") == 0,
			    "row %zu", i);
		job_clear(&job);
	}
	rows_end(failed);
}

static void
test_user_and_workdir_are_checked_where_they_can_be(void **state)
{
	static char none[] = "none", networks_none[] = "none";
	char *networks[] = { networks_none }, part[NAME_MAX + 3] = "/";
	const struct config config = { .job = { .network = none, .networks = { networks, 1 } } };
	const struct {
		const char *user, *workdir;
		const char *says; /* NULL: it is taken */
	} rows[] = {
		{ NULL, NULL, NULL },
		{ "nobody", "/data/in", NULL },
		{ "1000", "/", NULL },
		{ "1000:1000", "//data//", NULL },
		{ "a.b-c_d$:x", NULL, NULL },
		{ "DOMAIN\\user", NULL, NULL },
		{ "1000:", NULL, NULL },
		{ ":0", NULL, NULL },
		{ "-", NULL, NULL },
		{ "2147483647:2147483647", NULL, NULL },
		{ "2147483648", NULL, "user: a number must be from 0 to 2147483647" },
		{ "0:2147483648", NULL, "user: a number must be" },
		{ "99999999999999999999", NULL, "user: a number must be" },
		{ "-1", NULL, "user: a number must be" },
		{ "0:-1", NULL, "user: a number must be" },
		{ "a:b:c", NULL, "user: must have one colon" },
		{ " root", NULL, "without spaces" },
		{ "ro\not", NULL, "without spaces" },
		{ NULL, part, "workdir: each part" },
	};
	struct world *world = *state;
	int failed = 0;

	memset(part + 1, 'w', NAME_MAX + 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct job job = { .user = rows[i].user != NULL ? strdup(rows[i].user) : NULL,
			.workdir = rows[i].workdir != NULL ? strdup(rows[i].workdir) : NULL };
		bool taken = joboption_resolve(&job, &config, &world->err);

		row_check(failed, taken == (rows[i].says == NULL), "row %zu", i);
		if (!taken)
			row_check(failed,
			    rows[i].says != NULL && world->err.kind == ERROR_INPUT &&
				strstr(world->err.text, rows[i].says) != NULL,
			    "row %zu: %s", i, world->err.text);
		job_clear(&job);
	}
	rows_end(failed);
}

static bool
is_text(const struct joboption *option)
{
	return option->type != JOBOPTION_NUMBER && option->type != JOBOPTION_BYTES &&
	    option->type != JOBOPTION_DECIMAL;
}

static void
test_each_option_is_a_column_of_its_type(void **state)
{
	struct world *world = *state;
	int failed = 0;

	for (size_t i = 0; i < JOBOPTION_COUNT; i++) {
		const char *type = is_text(&joboptions[i])    ? "TEXT"
		    : joboptions[i].type == JOBOPTION_DECIMAL ? "REAL"
							      : "INTEGER";
		int64_t found = 0;

		row_check(failed,
		    database_integer(&world->db, &found, &world->err,
			"/*scan*/ SELECT 1 FROM pragma_table_info('job') WHERE name = ? AND type = ?",
			VALUES(T(joboptions[i].name), T(type))) == 1,
		    "%s", joboptions[i].name);
	}
	rows_end(failed);
}

static const struct setting *
setting_of(const char *name, const char *suffix)
{
	char whole[64];

	snprintf(whole, sizeof whole, "%s%s", name, suffix);
	for (const struct setting *s = config_settings; s->name != NULL; s++)
		if (s->section != NULL && strcmp(s->section, "job") == 0 &&
		    strcmp(s->name, whole) == 0)
			return s;
	return NULL;
}

static void
test_each_number_has_a_default_and_a_ceiling(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < JOBOPTION_COUNT; i++) {
		const struct setting *fallback = setting_of(joboptions[i].name, "");
		const struct setting *ceiling = setting_of(joboptions[i].name, "_max");

		if (is_text(&joboptions[i]))
			continue;
		row_check(failed, fallback != NULL && fallback->offset == joboptions[i].fallback,
		    "%s", joboptions[i].name);
		row_check(failed, ceiling != NULL && ceiling->offset == joboptions[i].ceiling, "%s",
		    joboptions[i].name);
		row_check(failed, fallback != NULL && fallback->at_most == joboptions[i].ceiling,
		    "%s: its default may be above its maximum", joboptions[i].name);
	}
	rows_end(failed);
}

/* Another value for each option, which depends on its place. */
static void
fill_in(struct job *job)
{
	for (size_t i = 0; i < JOBOPTION_COUNT; i++) {
		if (joboptions[i].type == JOBOPTION_DECIMAL)
			*joboption_decimal(&joboptions[i], job) = 0.5 + (double)i;
		else if (is_text(&joboptions[i]))
			assert_true(asprintf(joboption_text(&joboptions[i], job), "text %zu", i) >
			    0);
		else
			*joboption_number(&joboptions[i], job) = 100 + (int64_t)i;
	}
}

static void
check_filled_in(struct job *job)
{
	char text[32];

	for (size_t i = 0; i < JOBOPTION_COUNT; i++) {
		snprintf(text, sizeof text, "text %zu", i);
		if (joboptions[i].type == JOBOPTION_DECIMAL)
			assert_true(*joboption_decimal(&joboptions[i], job) == 0.5 + (double)i);
		else if (is_text(&joboptions[i]))
			assert_string_equal(*joboption_text(&joboptions[i], job), text);
		else
			assert_int_equal(*joboption_number(&joboptions[i], job), 100 + (int64_t)i);
	}
}

static bool
change(struct job *job, void *context, struct error *err)
{
	(void)context;
	(void)err;
	joboption_clear(job);
	fill_in(job);
	return true;
}

static void
test_each_option_survives_insert_update_and_select(void **state)
{
	struct world *world = *state;
	struct attachments none = { 0 };
	const struct account alice = world_account(world, "alice");
	struct config config = { 0 };
	struct job job = { .pipeline = world_pipeline(world, alice.id, 1, "continue"),
		.image = world_image(world, alice.id) };
	struct job_change changed = { .pipeline = job.pipeline, .apply = change };
	char former[NAME_TEXT];

	fill_in(&job);
	must(job_create(&world->db, NULL, &alice, &job, &none, NULL, 0, &world->err), &world->err);
	changed.id = job.id;
	job_clear(&job);
	must(job_find(&world->db, &alice, 0, changed.id, &job, &world->err), &world->err);
	check_filled_in(&job);
	job_clear(&job);
	world_sql(world,
	    "UPDATE job SET command = NULL, env = NULL, timeout = 1, cpus = 1, user = 'x'");
	must(job_update(&world->db, NULL, &alice, &changed, &none, NULL, &config, former,
		 &world->err),
	    &world->err);
	must(job_find(&world->db, &alice, 0, changed.id, &job, &world->err), &world->err);
	check_filled_in(&job);
	job_clear(&job);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_options_are_filled_in_and_held_under_their_ceilings),
		test(test_user_and_workdir_are_checked_where_they_can_be),
		test(test_each_option_is_a_column_of_its_type),
		test(test_each_number_has_a_default_and_a_ceiling),
		test(test_each_option_survives_insert_update_and_select),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
