/*
 * What the engine answers to calls: whatever JSON it is, callers get sound values or an error in
 * words. engine_call is replaced at link time (--wrap); what reads its answers is the real thing.
 * Input: which call, the status, the body.
 */
#include "fuzz.h"

#include "daemon/engine/engine_container.h"
#include "daemon/engine/engine_image.h"
#include "daemon/engine/engine_tags.h"
#include "utf8.h"

static const long statuses[] = { 200, 200, 200, 201, 204, 304, 400, 403, 404, 409, 500, 503 };

static struct input answer_input;

bool __wrap_engine_call(struct engine *engine, const char *method, const char *path, json_t *body,
    int64_t timeout_ms, struct engine_answer *answer, struct error *err);

bool
__wrap_engine_call(struct engine *engine, const char *method, const char *path, json_t *body,
    int64_t timeout_ms, struct engine_answer *answer, struct error *err)
{
	(void)engine, (void)method, (void)path, (void)body, (void)timeout_ms, (void)err;
	answer->status = statuses[input_byte(&answer_input) % (sizeof statuses / sizeof *statuses)];
	/* As engine.c reads it. */
	answer->json =
	    json_loadb((const char *)answer_input.data, answer_input.size, JSON_DECODE_ANY, NULL);
	return true;
}

static bool
inspect(struct error *err)
{
	struct container_info info;

	if (!engine_container_inspect(NULL, "x", &info, err))
		return false;
	assert(info.state < CONTAINER_STATES && info.started_at >= 0 && info.finished_at >= 0);
	return true;
}

static bool
on_container(const char *id, json_t *labels, void *context, struct error *err)
{
	(void)context, (void)err;
	assert(id != NULL && labels != NULL && utf8_valid(id, strlen(id)));
	return json_object_get(labels, "kabuto.job") == NULL || json_typeof(labels) == JSON_OBJECT;
}

static bool
each(struct error *err)
{
	return engine_container_each(NULL, "kabuto.instance", "x", on_container, NULL, err);
}

static void
on_added(const char *path, void *context)
{
	*(size_t *)context += strlen(path);
}

static bool
each_added(struct error *err)
{
	size_t length = 0;

	return engine_container_each_added(NULL, "x", on_added, &length, err);
}

static bool
is_array(char *text)
{
	cleanup_json json_t *json = text == NULL ? NULL : json_loads(text, JSON_ALLOW_NUL, NULL);
	bool array = text == NULL || json_array_size(json) > 0;

	free(text);
	return array;
}

static bool
look_at_image(struct error *err)
{
	char *entrypoint = NULL, *cmd = NULL;

	if (!engine_image_inspect(NULL, "x", &entrypoint, &cmd, err))
		return false;
	assert(is_array(entrypoint) & is_array(cmd));
	return true;
}

static bool
on_tag(const char *tag, int64_t bytes, void *context, struct error *err)
{
	(void)bytes, (void)context, (void)err;
	assert(tag == NULL || utf8_valid(tag, strlen(tag)));
	return true;
}

static bool
each_tag(struct error *err)
{
	return engine_tags_each(NULL, "x", on_tag, NULL, err);
}

static bool
prune(struct error *err)
{
	int64_t removed = 0, bytes = 0;

	return engine_tags_prune(NULL, "x", &removed, &bytes, err);
}

static bool
start(struct error *err)
{
	return engine_container_start(NULL, "x", err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool (*const calls[])(struct error * err) = { inspect, each, each_added,
		look_at_image, each_tag, prune, start };
	struct error err = { .kind = ERROR_NONE };

	answer_input = (struct input){ data, size };
	if (!calls[input_byte(&answer_input) % (sizeof calls / sizeof *calls)](&err))
		assert(err.kind == ERROR_NONE /* on_container's */ ||
		    (err.text[0] != '\0' && utf8_valid(err.text, strlen(err.text))));
	return 0;
}
