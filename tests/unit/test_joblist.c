/*
 * Lists of jobs: all filters, orders and pages against a plain model, and what a page examines.
 */
#include "support.h"

#include <strings.h>

#include "joblist.h"
#include "queue.h"

#define ACCOUNTS  3
#define PIPELINES 5 /* pipeline i belongs to account i % ACCOUNTS */
#define IMAGES    4
#define JOBS      400
#define LIMIT     7 /* items of a page */
#define NAMES     5
#define STATES    5

static const char *const names[NAMES] = { NULL, "fit", "Fit model", "100%_done", "refit" };

struct model {
	int64_t accounts[ACCOUNTS], pipelines[PIPELINES], images[IMAGES];
	struct {
		int64_t id;
		int pipeline, image, state, name;
		bool deleted;
	} jobs[JOBS];
};

static void
model_make(struct model *model, struct world *world, uint64_t seed)
{
	for (int i = 0; i < ACCOUNTS; i++)
		model->accounts[i] = world_account(world, (char[]){ (char)('a' + i), '\0' }).id;
	for (int i = 0; i < PIPELINES; i++)
		model->pipelines[i] =
		    world_pipeline(world, model->accounts[i % ACCOUNTS], 1, "continue");
	for (int i = 0; i < IMAGES; i++)
		model->images[i] = world_image(world, model->accounts[i % ACCOUNTS]);
	for (int i = 0; i < JOBS; i++) {
		int pipeline = (int)chance(&seed, PIPELINES), image = (int)chance(&seed, IMAGES),
		    state = (int)chance(&seed, STATES), name = (int)chance(&seed, NAMES);
		bool deleted = chance(&seed, 8) == 0;
		char sql[512];

		snprintf(sql, sizeof sql,
		    "INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory,"
		    " cpus, pids, disk, attachment_token, created_at, state, name, deleted)"
		    " VALUES (%lld, %lld, %lld, %d, 'none', 1, 1, 1, 1, 1, 1, '', 1, '%s', %s%s%s, %d)",
		    (long long)model->pipelines[pipeline],
		    (long long)model->accounts[pipeline % ACCOUNTS],
		    (long long)model->images[image], i, job_states[state], name > 0 ? "'" : "",
		    name > 0 ? names[name] : "NULL", name > 0 ? "'" : "", deleted);
		world_sql(world, sql);
		model->jobs[i].id = sqlite3_last_insert_rowid(world->db.handle);
		model->jobs[i].pipeline = pipeline;
		model->jobs[i].image = image;
		model->jobs[i].state = state;
		model->jobs[i].name = name;
		model->jobs[i].deleted = deleted;
	}
}

static bool
model_has(const struct model *model, int i, const struct account *viewer,
    const struct joblist_filter *filter)
{
	int64_t account = model->accounts[model->jobs[i].pipeline % ACCOUNTS];
	const char *name = names[model->jobs[i].name];

	return !model->jobs[i].deleted && (viewer->admin || account == viewer->id) &&
	    (filter->account == 0 || !viewer->admin || filter->account == account) &&
	    (filter->pipeline == 0 ||
		filter->pipeline == model->pipelines[model->jobs[i].pipeline]) &&
	    (filter->image == 0 || filter->image == model->images[model->jobs[i].image]) &&
	    (filter->state == NULL ||
		strcmp(filter->state, job_states[model->jobs[i].state]) == 0) &&
	    (filter->name == NULL || (name != NULL && strcasestr(name, filter->name) != NULL));
}

/* The ids that a list gave. */
struct listed {
	int64_t ids[JOBS + LIMIT];
	size_t count;
};

static bool
take(const struct job *job, void *context, struct error *err)
{
	struct listed *listed = context;

	(void)err;
	listed->ids[listed->count++] = job->id;
	return true;
}

/* Reads the list page by page, as list.c does: each reads one item more than it shows. */
static void
read_pages(struct world *world, const struct account *viewer, const struct joblist_filter *filter,
    bool newest, int64_t limit, struct listed *listed)
{
	struct page page = { .newest = newest, .limit = limit == 0 ? 0 : limit + 1 };

	listed->count = 0;
	for (;;) {
		size_t before = listed->count;

		must(joblist_each(&world->db, viewer, filter, &page, take, listed, &world->err),
		    &world->err);
		if (limit == 0)
			return;
		if (listed->count > before + (size_t)limit) {
			listed->count = before + (size_t)limit;
			page.after = listed->ids[listed->count - 1];
		} else if (page.rest != 0) {
			page.after = page.rest;
		} else {
			return;
		}
	}
}

static void
test_filters_orders_and_pages_agree_with_a_plain_model(void **state)
{
	struct world *world = *state;
	static const char *const parts[] = { NULL, "FIT", "%", "_d", "nothing" };
	struct model model;
	struct listed listed;
	int failed = 0;

	model_make(&model, world, 4711);
	for (int bits = 0; bits < 2 * 2 * 2 * 3 * 5 * 2 * 2 * 3; bits++) {
		int rest = bits, i = 0;
		bool newest = rest % 2 == 1, admin = (rest /= 2) % 2 == 1,
		     paged = (rest /= 2) % 2 == 1;
		int pipeline = (rest /= 2) % 3 - 1, part = (rest /= 3) % 5;
		bool image = (rest /= 5) % 2 == 1, in_state = (rest /= 2) % 2 == 1;
		int account = (rest /= 2) % 3 - 1;
		const struct account viewer = { .id = model.accounts[1], .admin = admin };
		const struct joblist_filter filter = {
			.account = account < 0 ? 0 : model.accounts[account],
			.pipeline = pipeline < 0 ? 0 : model.pipelines[pipeline],
			.image = image ? model.images[2] : 0,
			.state = in_state ? "failed" : NULL,
			.name = parts[part],
		};
		size_t count = 0;

		read_pages(world, &viewer, &filter, newest, paged ? LIMIT : 0, &listed);
		for (i = 0; i < JOBS; i++) {
			int at = newest ? JOBS - 1 - i : i;

			if (!model_has(&model, at, &viewer, &filter))
				continue;
			row_check(failed,
			    count < listed.count && listed.ids[count] == model.jobs[at].id,
			    "combination %d, item %zu", bits, count);
			count++;
		}
		row_check(failed, count == listed.count, "combination %d", bits);
	}
	rows_end(failed);
}

#define MANY        65000
#define STEPS       1000 /* instructions of SQLite's machine between two counts */
#define STEPS_A_ROW 60   /* at most, for a row that is examined and left out */

static int
count_steps(void *context)
{
	++*(int64_t *)context;
	return 0;
}

/* Filters that leave out all jobs but a few at both ends. */
static const struct {
	bool admin, account, pipeline, image;
	const char *state, *name;
	int pages; /* until the list's end */
} many[] = {
	{ false, false, false, false, NULL, "rare", 4 },
	{ false, false, false, false, "done", "rare", 4 },
	{ false, false, true, false, "failed", NULL, 4 },
	{ false, false, false, true, "failed", NULL, 4 },
	{ false, false, true, true, NULL, "rare", 4 },
	{ true, false, false, false, NULL, "rare", 4 },
	{ true, false, false, false, "done", "rare", 4 },
	{ true, true, false, false, NULL, "rare", 4 },
	{ true, false, false, false, "failed", NULL, 1 },
	{ false, false, false, false, "failed", NULL, 1 },
};

static void
test_page_examines_a_bounded_number_of_rows(void **state)
{
	struct world *world = *state;
	const struct account alice = world_account(world, "alice");
	int64_t image = world_image(world, alice.id);
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue"), steps = 0;
	char sql[1024];

	snprintf(sql, sizeof sql,
	    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
	    " INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory,"
	    " cpus, pids, disk, attachment_token, created_at, state, name)"
	    " SELECT %lld, %lld, %lld, i, 'none', 1, 1, 1, 1, 1, 1, '', 1,"
	    " iif(i = 1 OR i = %d, 'failed', 'done'), iif(i <= 2 OR i >= %d, 'rare', 'usual') FROM n",
	    MANY, (long long)pipeline, (long long)alice.id, (long long)image, MANY, MANY - 1);
	world_sql(world, sql);
	sqlite3_progress_handler(world->db.handle, STEPS, count_steps, &steps);
	for (size_t i = 0; i < COUNT(many); i++)
		for (int newest = 0; newest < 2; newest++) {
			const struct account viewer = { .id = alice.id, .admin = many[i].admin };
			const struct joblist_filter filter = {
				.account = many[i].account ? alice.id : 0,
				.pipeline = many[i].pipeline ? pipeline : 0,
				.image = many[i].image ? image : 0,
				.state = many[i].state,
				.name = many[i].name,
			};
			struct page page = { .newest = newest, .limit = 51 };
			struct listed listed = { .count = 0 };
			int pages = 0;

			do {
				page.after = page.rest;
				steps = 0;
				must(joblist_each(&world->db, &viewer, &filter, &page, take,
					 &listed, &world->err),
				    &world->err);
				pages++;
				if (steps > (int64_t)PAGE_EXAMINED * STEPS_A_ROW / STEPS)
					fail_msg("row %zu: a page took %lld thousand steps", i,
					    (long long)steps);
			} while (page.rest != 0);
			assert_int_equal(pages, many[i].pages);
			assert_int_equal(listed.count,
			    many[i].name == NULL        ? 2
				: many[i].state == NULL ? 4
							: 2);
		}
	sqlite3_progress_handler(world->db.handle, 0, NULL, NULL);
}

/* The places of jobs in queue are the same in each order in which a list asks for them. */
static void
test_places_do_not_depend_on_the_order(void **state)
{
	struct world *world = *state;
	static const struct config config = { .slots = 1, .running_max = 100 };
	struct queue_mark up[QUEUE_MARKS] = { 0 }, down[QUEUE_MARKS] = { 0 };
	int64_t expected[PIPELINES] = { 0 };
	int64_t places[JOBS] = { 0 };
	struct model model;

	model_make(&model, world, 11);
	for (int turn = 0; turn < 2 * JOBS; turn++) {
		int at = turn < JOBS ? turn : 2 * JOBS - 1 - turn;
		struct queue_place place;
		struct job job;

		if (strcmp(job_states[model.jobs[at].state], "in_queue") != 0)
			continue;
		must(job_read(&world->db, model.jobs[at].id, &job, &world->err), &world->err);
		must(queue_place(&world->db, &job, turn < JOBS ? up : down, &config, &place,
			 &world->err),
		    &world->err);
		if (turn < JOBS) {
			places[at] = ++expected[model.jobs[at].pipeline];
		}
		assert_int_equal(place.position, places[at]);
		job_clear(&job);
	}
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_filters_orders_and_pages_agree_with_a_plain_model),
		test(test_page_examines_a_bounded_number_of_rows),
		test(test_places_do_not_depend_on_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
