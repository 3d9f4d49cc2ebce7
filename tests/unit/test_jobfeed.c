/*
 * What the streams of one job share: parts of the log are kept while several streams read them.
 */
#include "jobsupport.h"

#include "jobfeed.h"

#define LINES      50000
#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* A running job with a long log, and what the streams' thread knows. */
struct feeding {
	struct server server;
	struct config config;
	struct stream_context context;
	struct jobfeed *feed;
};

static void
write_log(struct world *world, struct feeding *feeding, int64_t job)
{
	char path[300], name[JOBLOG_NAME];
	FILE *log;
	int dir;

	snprintf(path, sizeof path, "%s/logs", world->folder->path);
	assert_int_equal(mkdir(path, 0700), 0);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	log = fdopen(openat(dir, joblog_name(name, job, 1, "log"), O_WRONLY | O_CREAT, 0600), "w");
	assert_non_null(log);
	for (int i = 0; i < LINES; i++)
		fprintf(log, "line %d\n", i);
	assert_int_equal(fclose(log), 0);
	feeding->server.spool.logs = dir;
}

static void
begin(struct world *world, struct feeding *feeding, int followers)
{
	const struct account alice = world_account(world, "alice");
	int64_t pipeline = world_pipeline(world, alice.id, 1, "continue");
	int64_t job = add_job(world, pipeline, world_image(world, alice.id));

	submit(world, pipeline);
	assert_int_equal(claim(world), job);
	*feeding = (struct feeding){ .config.log_limit = 1 << 30 };
	write_log(world, feeding, job);
	feeding->context = (struct stream_context){ .server = &feeding->server,
		.config = &feeding->config,
		.db = &world->db,
		.changes_round = 1,
		.logs_round = 1 };
	for (int i = 0; i < followers; i++)
		feeding->feed = jobfeed_join(&feeding->context, job, &world->err);
	must(jobfeed_refresh(&feeding->context, feeding->feed, &world->err), &world->err);
}

static void
finish(struct feeding *feeding)
{
	while (feeding->context.feeds != NULL)
		jobfeed_leave(&feeding->context, feeding->feed);
	(void)close(feeding->server.spool.logs);
}

/* Reads one part. NULL: the end of the log. */
static struct piece *
read_part(struct world *world, struct feeding *feeding, int64_t *after)
{
	struct piece *piece = NULL;

	must(jobfeed_read(&feeding->context, feeding->feed, EVENTTEXT_SSE, after, &piece,
		 &world->err),
	    &world->err);
	return piece;
}

static int64_t
read_all(struct world *world, struct feeding *feeding)
{
	struct piece *piece;
	int64_t after = 0;

	while ((piece = read_part(world, feeding, &after)) != NULL)
		piece_drop(piece);
	return after;
}

static int
kept(const struct feeding *feeding)
{
	int count = 0;

	for (int format = 0; format < EVENTTEXT_FORMATS; format++)
		for (int i = 0; i < JOBFEED_PARTS; i++)
			count += feeding->feed->parts[format][i].piece != NULL;
	return count;
}

static void
test_only_follower_keeps_no_part(void **state)
{
	struct world *world = *state;
	struct feeding feeding;

	begin(world, &feeding, 1);
	assert_true(read_all(world, &feeding) > LINES);
	assert_int_equal(kept(&feeding), 0);
	finish(&feeding);
}

static void
test_two_followers_share_each_part(void **state)
{
	int64_t first = 0, second = 0;
	struct world *world = *state;
	struct piece *a, *b;
	struct feeding feeding;

	begin(world, &feeding, 2);
	do {
		a = read_part(world, &feeding, &first);
		b = read_part(world, &feeding, &second);
		assert_ptr_equal(a, b);
		assert_int_equal(first, second);
		piece_drop(a);
		piece_drop(b);
	} while (a != NULL);
	assert_int_equal(kept(&feeding), JOBFEED_PARTS);
	finish(&feeding);
}

static void
test_parts_that_nobody_takes_are_dropped(void **state)
{
	struct world *world = *state;
	struct feeding feeding;
	int64_t end;

	begin(world, &feeding, 2);
	end = read_all(world, &feeding);
	assert_int_equal(kept(&feeding), JOBFEED_PARTS);
	feeding.feed->given_at -= 60 * 1000;
	assert_null(read_part(world, &feeding, &end));
	assert_int_equal(kept(&feeding), 0);
	assert_int_equal(read_all(world, &feeding), end);
	finish(&feeding);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_only_follower_keeps_no_part),
		test(test_two_followers_share_each_part),
		test(test_parts_that_nobody_takes_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
