/*
 * What the engine is asked for: each option of a job reaches its own words of the Docker API and no
 * others. engine_call is replaced at link time (--wrap), so that the body of the call is seen.
 */
#include "support.h"

#include "joboption.h"
#include "jobspec.h"

static json_t *said;

bool __wrap_engine_call(struct engine *engine, const char *method, const char *path, json_t *body,
    int64_t timeout_ms, struct engine_answer *answer, struct error *err);
bool
__wrap_engine_call(struct engine *engine, const char *method, const char *path, json_t *body,
    int64_t timeout_ms, struct engine_answer *answer, struct error *err)
{
	(void)engine, (void)method, (void)path, (void)timeout_ms, (void)err;
	said = json_incref(body);
	answer->status = 201;
	answer->json = json_pack("{s:s}", "Id", "0123456789ab");
	return true;
}

/* The option keeps its value within Kabuto: the spooler obeys it, and the engine never hears it. */
#define KEPT NULL

/* For each option a value that the usual job has not, and the words that it changes. */
static const struct {
	const char *option;
	char *text;
	double number;
	const char *words[3]; /* of HostConfig, or of the body itself */
	const char *json;     /* the first one's value then */
} rows[] = {
	{ "command", (char[]){ "echo changed" }, 0, { "Cmd" },
	    "[\"/bin/sh\",\"-c\",\"echo changed\"]" },
	{ "name", (char[]){ "changed" }, 0, { KEPT }, NULL },
	{ "env", (char[]){ "[\"A=changed\"]" }, 0, { "Env" }, "[\"A=changed\"]" },
	{ "workdir", (char[]){ "/changed" }, 0, { "WorkingDir" }, "\"/changed\"" },
	{ "user", (char[]){ "changed" }, 0, { "User" }, "\"changed\"" },
	{ "network", (char[]){ "bridge" }, 0, { "NetworkMode" }, "\"bridge\"" },
	{ "timeout", NULL, 77, { KEPT }, NULL },
	{ "memory", NULL, 77 << 20, { "Memory", "MemorySwap", "ShmSize" }, "80740352" },
	{ "cpus", NULL, 1.5, { "NanoCpus" }, "1500000000" },
	{ "pids", NULL, 77, { "PidsLimit" }, "77" },
	{ "disk", NULL, 77, { KEPT }, NULL },
	{ "grace", NULL, 7, { "Entrypoint" },
	    "[\"/run/kabuto/init\",\"-l\",\"0\",\"-g\",\"7\",\"--\"]" },
	{ "retries", NULL, 7, { KEPT }, NULL },
	{ "stderr", (char[]){ "stdout" }, 0, { "Entrypoint" },
	    "[\"/run/kabuto/init\",\"-o\",\"-l\",\"0\",\"-g\",\"0\",\"--\"]" },
};

/* The body that the engine gets for the job; the caller's to release. */
static json_t *
body_of(struct world *world, const struct job *job)
{
	static char state_dir[] = "/state";
	static const struct config config = { .engine = { .state_dir = state_dir } };
	static struct spooler spooler = { .instance = "unit" };
	static const struct image_run image = { .image = 1, .build = 1 };
	struct worker worker = {
		.spooler = &spooler, .config = &config, .engine = { .version = "1.41" }
	};
	char id[CONTAINER_ID], path[128];

	snprintf(path, sizeof path, "%s/kabuto.db", world->folder->path);
	must(schema_open(&worker.db, path, &world->err), &world->err);
	must(jobspec_create(&worker, job, &image, "name", "1.1", NULL, id, &world->err),
	    &world->err);
	connection_close(&worker.db);
	assert_string_equal(id, "0123456789ab");
	return said;
}

/* A member of the body, or of its HostConfig. */
static const json_t *
word_of(const json_t *body, const char *word)
{
	const json_t *value = json_object_get(body, word);

	return value != NULL ? value : json_object_get(json_object_get(body, "HostConfig"), word);
}

/* How many members of both differ; those of HostConfig each count. */
static int
differences(json_t *usual, json_t *changed)
{
	const char *key;
	json_t *value;
	int count = 0;

	json_object_foreach (changed, key, value)
		if (strcmp(key, "HostConfig") == 0)
			count += differences(json_object_get(usual, key), value);
		else
			count += !json_equal(json_object_get(usual, key), value);
	return count;
}

static void
change(struct job *job, const struct joboption *option, size_t row)
{
	if (rows[row].text != NULL)
		*joboption_text(option, job) = rows[row].text;
	else if (option->type == JOBOPTION_DECIMAL)
		*joboption_decimal(option, job) = rows[row].number;
	else
		*joboption_number(option, job) = (int64_t)rows[row].number;
}

static void
test_each_option_changes_its_own_words(void **state)
{
	static char network[] = "none", separate[] = JOBOPTION_SEPARATE, command[] = "true",
		    workdir[] = "/", user[] = "1", env[] = "[]";
	const struct job usual = { .id = 1,
		.attempt = 1,
		.command = command,
		.env = env,
		.workdir = workdir,
		.user = user,
		.network = network,
		.stderr = separate,
		.memory = 8 << 20,
		.cpus = 1,
		.pids = 10 };
	struct world *world = *state;
	cleanup_json json_t *before = body_of(world, &usual);
	int failed = 0;

	assert_int_equal(COUNT(rows), JOBOPTION_COUNT);
	for (size_t i = 0; i < JOBOPTION_COUNT; i++) {
		cleanup_json json_t *after = NULL;
		cleanup_free char *value = NULL;
		struct job job = usual;
		int words = 0;

		while (words < (int)COUNT(rows[i].words) && rows[i].words[words] != NULL)
			words++;
		assert_string_equal(rows[i].option, joboptions[i].name);
		change(&job, &joboptions[i], i);
		after = body_of(world, &job);
		row_check(failed, differences(before, after) == words, "%s: %d", rows[i].option,
		    differences(before, after));
		for (int j = 0; j < words; j++)
			row_check(failed,
			    !json_equal(word_of(before, rows[i].words[j]),
				word_of(after, rows[i].words[j])),
			    "%s: %s", rows[i].option, rows[i].words[j]);
		if (words == 0)
			continue;
		value =
		    json_dumps(word_of(after, rows[i].words[0]), JSON_COMPACT | JSON_ENCODE_ANY);
		row_check(failed, value != NULL && strcmp(value, rows[i].json) == 0, "%s: %s",
		    rows[i].option, value);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_option_changes_its_own_words, world_setup,
		    world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
