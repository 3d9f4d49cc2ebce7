/*
 * Handles builds of images: lists, shows and cancels them. images.c requests them, and the spooler
 * does them.
 */
#include "builds.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"
#include "buildjson.h"
#include "cleanup.h"
#include "commit.h"
#include "list.h"
#include "response.h"
#include "wait.h"

#define PIECE 16384 /* bytes of output that are read at a time */

const struct parameter builds_list_parameters[] = {
	LIST_PARAMETERS,
	LIST_ORDER,
	LIST_OWN,
	{ .name = "image", .type = PARAMETER_ID },
	{ .name = "state", .type = PARAMETER_CHOICE, .choices = "PENDING SUCCESS FAILED FAILURE" },
	{ 0 },
};

const struct parameter builds_show_parameters[] = {
	WAIT_PARAMETER,
	{ .name = "output_after", .type = PARAMETER_NUMBER, .least = 0 },
	{ 0 },
};

static bool
builds_add_build(const struct build *build, void *context, struct error *err)
{
	json_t *json = buildjson_make_named(build, err);

	return json != NULL && list_add(context, build->id, json, err);
}

static bool
builds_add_page(struct list *list, struct error *err)
{
	const struct account viewer = list_viewer(list);
	const struct build_filter filter = { list_id(list, "image"),
		request_text(list->req, "state") };

	return build_each(list->req->db, &viewer, &filter, &list->page, builds_add_build, list,
	    err);
}

bool
builds_list(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind all = { true, builds_add_page };

	return list_answer(req, res, &all, err);
}

/* Opens a build's output. The caller closes it. -1: the build has no output yet. */
static int
builds_open_output(const struct spool *spool, int64_t build)
{
	char path[64];

	snprintf(path, sizeof path, "%lld/" BUILD_OUTPUT, (long long)build);
	return openat(spool->builds, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

/* A build that is polled, and how much of its output was counted. */
struct watched {
	struct build build;
	int64_t messages;
	off_t offset;
};

/* Counts the messages of the output, each of which is a line, until there are more than `after`. */
static bool
builds_has_more_output(const struct spool *spool, struct watched *watched, int64_t after)
{
	cleanup_close int fd = builds_open_output(spool, watched->build.id);
	char piece[PIECE];
	ssize_t length;

	while (fd >= 0 && (length = pread(fd, piece, sizeof piece, watched->offset)) > 0) {
		for (ssize_t i = 0; i < length; i++)
			watched->messages += piece[i] == '\n';
		watched->offset += length;
		if (watched->messages > after)
			return true;
	}
	return false;
}

/* Reads the build in the path. *ready: it has ended, or has the output that the call waits for. */
static bool
builds_poll(struct request *req, void *context, bool *ready, struct error *err)
{
	struct database *db = request_database(req, err);
	struct watched *watched = context;

	build_clear(&watched->build);
	if (db == NULL ||
	    !build_find(db, &req->caller.account, request_id(req, "build"),
		request_id(req, "image"), &watched->build, err))
		return false;
	*ready = strcmp(watched->build.state, "PENDING") != 0 ||
	    (parameter_value(&req->values, "output_after") != NULL &&
		builds_has_more_output(&req->server->spool, watched,
		    request_number(req, "output_after", 0)));
	return true;
}

/* Writes the build with its output. The output may be long and is JSON already, so it is copied. */
static bool
builds_write(struct request *req, struct response *res, struct error *err)
{
	cleanup_free char *text = NULL;
	cleanup_json json_t *head = NULL;
	struct watched watched = { 0 };
	bool done = wait_for(req, builds_poll, &watched, err);
	int64_t id = watched.build.id;

	request_release_database(req);
	head = done ? buildjson_make_named(&watched.build, err) : NULL;
	build_clear(&watched.build);
	if (head == NULL)
		return false;
	text = json_dumps(head, JSON_COMPACT);
	if (text == NULL)
		return error_set(err, ERROR_SYSTEM, "show a build: not enough memory");
	response_write(res, text, strlen(text) - 1);
	response_write(res, ",\"output\":", 10);
	response_lines(res, builds_open_output(&req->server->spool, id),
	    request_number(req, "output_after", 0), NULL);
	response_write(res, "}\n", 2);
	return true;
}

bool
builds_show(struct request *req, struct response *res, struct error *err)
{
	(void)req;
	(void)err;
	return response_stream(res, JSON_TYPE, builds_write, NULL);
}

bool
builds_cancel(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);

	if (db == NULL || !build_cancel(db, &req->caller.account, request_id(req, "build"), err))
		return false;
	commit_wake(req);
	return response_pack(res, err, 200, "{s:s}", "status", "The build is being cancelled");
}
