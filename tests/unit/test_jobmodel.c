/*
 * What happens to jobs at random, against a plain model in memory.
 */
#include "jobsupport.h"

#include "queue.h"

/* The model: what has happened, in plain arrays. */

#define MODEL_ACCOUNTS  3
#define MODEL_PIPELINES 6
#define MODEL_JOBS      60
#define MODEL_STEPS     1500

enum model_state { READY, IN_QUEUE, RUNNING, DONE, FAILED };
static const char *const model_states[] = { "ready", "in_queue", "running", "done", "failed" };

struct model {
	int64_t accounts[MODEL_ACCOUNTS], images[MODEL_ACCOUNTS];
	struct {
		int64_t id;
		int account; /* index */
		int max_parallel;
		bool stop;
	} pipelines[MODEL_PIPELINES];
	struct {
		int64_t id;
		int pipeline; /* index */
		enum model_state state;
		int attempt;
	} jobs[MODEL_JOBS];
	int count; /* of jobs */
	uint64_t seed;
};

static void
model_begin(struct model *model, struct world *world)
{
	for (int i = 0; i < MODEL_ACCOUNTS; i++) {
		const char login[] = { (char)('a' + i), '\0' };

		model->accounts[i] = world_account(world, login).id;
		model->images[i] = world_image(world, model->accounts[i]);
	}
	for (int i = 0; i < MODEL_PIPELINES; i++) {
		model->pipelines[i].account = i % MODEL_ACCOUNTS;
		model->pipelines[i].max_parallel = 1 + i % 3;
		model->pipelines[i].stop = i >= MODEL_PIPELINES / 2;
		model->pipelines[i].id = world_pipeline(world, model->accounts[i % MODEL_ACCOUNTS],
		    1 + i % 3, i >= MODEL_PIPELINES / 2 ? "stop" : "continue");
	}
}

static int
model_jobs(const struct model *model, int pipeline, enum model_state state)
{
	int count = 0;

	for (int i = 0; i < model->count; i++)
		count += model->jobs[i].pipeline == pipeline && model->jobs[i].state == state;
	return count;
}

static bool
model_may_start(const struct model *model, int pipeline)
{
	return model_jobs(model, pipeline, IN_QUEUE) > 0 &&
	    model_jobs(model, pipeline, RUNNING) < model->pipelines[pipeline].max_parallel;
}

static int
model_running(const struct model *model, int account)
{
	int count = 0;

	for (int i = 0; i < model->count; i++)
		count += model->pipelines[model->jobs[i].pipeline].account == account &&
		    model->jobs[i].state == RUNNING;
	return count;
}

/* The first job in queue of the pipeline, whose id is in jobs' order. */
static int
model_head(const struct model *model, int pipeline)
{
	for (int i = 0; i < model->count; i++)
		if (model->jobs[i].pipeline == pipeline && model->jobs[i].state == IN_QUEUE)
			return i;
	return -1;
}

static void
model_claim(struct model *model, struct world *world)
{
	int64_t id = claim(world);
	int fewest = INT32_MAX, i = 0;

	for (int p = 0; p < MODEL_PIPELINES; p++)
		if (model_may_start(model, p) &&
		    model_running(model, model->pipelines[p].account) < fewest)
			fewest = model_running(model, model->pipelines[p].account);
	assert_int_equal(id == 0, fewest == INT32_MAX);
	if (id == 0)
		return;
	while (i < model->count && model->jobs[i].id != id)
		i++;
	assert_true(i < model->count);
	assert_true(model_may_start(model, model->jobs[i].pipeline));
	assert_int_equal(model_head(model, model->jobs[i].pipeline), i);
	assert_int_equal(model_running(model, model->pipelines[model->jobs[i].pipeline].account),
	    fewest);
	model->jobs[i].state = RUNNING;
	model->jobs[i].attempt++;
}

static void
model_submit(struct model *model, struct world *world, int pipeline)
{
	submit(world, model->pipelines[pipeline].id);
	for (int i = 0; i < model->count; i++)
		if (model->jobs[i].pipeline == pipeline && model->jobs[i].state != RUNNING)
			model->jobs[i].state = IN_QUEUE;
}

static void
model_end(struct model *model, struct world *world, bool fails)
{
	int pick = (int)chance(&model->seed, MODEL_JOBS), tries = 0;

	while (tries < model->count && model->jobs[pick % model->count].state != RUNNING) {
		pick++;
		tries++;
	}
	if (tries == model->count)
		return;
	pick %= model->count;
	end(world, model->jobs[pick].id, fails);
	model->jobs[pick].state = fails ? FAILED : DONE;
	if (fails && model->pipelines[model->jobs[pick].pipeline].stop)
		for (int i = 0; i < model->count; i++)
			if (model->jobs[i].pipeline == model->jobs[pick].pipeline &&
			    model->jobs[i].state == IN_QUEUE)
				model->jobs[i].state = READY;
}

static void
model_add(struct model *model, struct world *world, int pipeline)
{
	int i = model->count;

	if (i == MODEL_JOBS)
		return;
	model->jobs[i].pipeline = pipeline;
	model->jobs[i].state = READY;
	model->jobs[i].id = add_job(world, model->pipelines[pipeline].id,
	    model->images[model->pipelines[pipeline].account]);
	model->count++;
}

static void
model_compare(const struct model *model, struct world *world, int step)
{
	int rows = 0;

	for (int i = 0; i < model->count; i++) {
		struct job job = job_of(world, model->jobs[i].id);

		if (strcmp(job.state, model_states[model->jobs[i].state]) != 0 ||
		    job.attempt != model->jobs[i].attempt)
			fail_msg("step %d: job %lld is %s (attempt %lld), not %s (%d)", step,
			    (long long)job.id, job.state, (long long)job.attempt,
			    model_states[model->jobs[i].state], model->jobs[i].attempt);
		job_clear(&job);
	}
	/* The queue table says of each pipeline what can be computed from the others. */
	for (int p = 0; p < MODEL_PIPELINES; p++)
		rows += model_may_start(model, p);
	assert_int_equal(world_integer(world, "SELECT count(*) FROM queue"), rows);
	assert_int_equal(
	    world_integer(world,
		"SELECT count(*) FROM queue JOIN pipeline ON pipeline.id = queue.pipeline"
		" AND pipeline.account = queue.account"
		" WHERE waiting_since = (SELECT queued_at FROM job WHERE job.pipeline = queue.pipeline"
		"  AND state = 'in_queue' ORDER BY position LIMIT 1)"
		" AND max_parallel > (SELECT count(*) FROM job WHERE job.pipeline = queue.pipeline"
		"  AND state = 'running')"),
	    rows);
}

static void
test_random_sequences_agree_with_a_plain_model(void **state)
{
	struct world *world = *state;
	struct model model = { .seed = 20261124 };

	model_begin(&model, world);
	for (int step = 0; step < MODEL_STEPS; step++) {
		int pipeline = (int)chance(&model.seed, MODEL_PIPELINES);

		switch (chance(&model.seed, 10)) {
		case 0:
			model_add(&model, world, pipeline);
			break;
		case 1:
			model_submit(&model, world, pipeline);
			break;
		case 2:
		case 3:
		case 4:
			if (model.count > 0)
				model_end(&model, world, chance(&model.seed, 4) == 0);
			break;
		case 5:
			second_passes(world);
			break;
		default:
			model_claim(&model, world);
		}
		model_compare(&model, world, step);
	}
	assert_int_equal(model.count, MODEL_JOBS);
}

#define test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_random_sequences_agree_with_a_plain_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
