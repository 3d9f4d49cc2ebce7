/*
 * kabuto api: makes any call of the API and prints its answer as it came.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "display.h"
#include "http.h"
#include "options.h"

static struct options_texts cmd_api_data;
static const char *cmd_api_json;
static bool cmd_api_head;

static const struct options_row cmd_api_options[] = {
	{ 'd', "data", "NAME=VALUE",
	    "a parameter: in the query of GET, HEAD, DELETE, else in a form", OPTIONS_TEXTS,
	    &cmd_api_data },
	{ '\0', "json", "FILE", "send this JSON file as the body (-: the standard input)",
	    OPTIONS_TEXT, &cmd_api_json },
	{ 'i', "include", NULL, "print the answer's status and headers, too", OPTIONS_FLAG,
	    &cmd_api_head },
	{ 0 },
};

/* What a call prints and sends. */
struct call {
	struct http_answer answer;
	int body; /* descriptor of the file to send; -1: none */
	bool printed;
};

static void
cmd_api_print_head(struct call *call)
{
	if (cmd_api_head && !call->printed && call->answer.head != NULL)
		(void)fwrite(call->answer.head, 1, call->answer.head_length, stdout);
	call->printed = true;
}

static bool
cmd_api_write(void *context, const char *data, size_t length, struct error *err)
{
	cmd_api_print_head(context);
	return fwrite(data, 1, length, stdout) == length ||
	    error_errno(err, "write to the standard output");
}

static ssize_t
cmd_api_read(void *context, char *to, size_t size, struct error *err)
{
	struct call *call = context;
	ssize_t length;

	do
		length = read(call->body, to, size);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		(void)error_errno(err, "read '%s'", cmd_api_json);
	return length;
}

static bool
cmd_api_rewind(void *context, struct error *err)
{
	struct call *call = context;

	return lseek(call->body, 0, SEEK_SET) == 0 ||
	    error_errno(err, "read '%s' again", cmd_api_json);
}

/* Opens the file to send. *length gets its size. */
static bool
cmd_api_open(struct call *call, int64_t *length, struct error *err)
{
	struct stat st;

	call->body = strcmp(cmd_api_json, "-") == 0 ? dup(STDIN_FILENO)
						    : open(cmd_api_json, O_RDONLY | O_CLOEXEC);
	if (call->body < 0 || fstat(call->body, &st) < 0)
		return error_errno(err, "open '%s'", cmd_api_json);
	*length = S_ISREG(st.st_mode) ? st.st_size : -1;
	return true;
}

/* Reads "name=value". */
static bool
cmd_api_add_data(struct http_fields *fields, const char *text)
{
	const char *equals = strchr(text, '=');
	cleanup_free char *name = NULL;

	if (equals == NULL || equals == text)
		return false;
	name = strndup(text, (size_t)(equals - text));
	if (name == NULL)
		fields->failed = true;
	else
		httpfields_add(fields, name, equals + 1);
	return true;
}

static int
cmd_api_call(struct http *http, struct call *call, struct http_request *request)
{
	struct error err;
	bool done;

	request->write = cmd_api_write;
	request->accept = "*/*";
	request->context = call;
	if (cmd_api_json != NULL) {
		request->read = cmd_api_read;
		request->rewind = cmd_api_rewind;
		request->content_type = "application/json";
		if (!cmd_api_open(call, &request->length, &err))
			return display_failed(&err, EXIT_FAILED);
	}
	done = http_transfer(http, request, &call->answer, &err);
	if (call->answer.status != 0)
		cmd_api_print_head(call);
	if (!done && call->answer.body != NULL)
		(void)fwrite(call->answer.body, 1, call->answer.body_length, stdout);
	if (!done)
		return display_is_over() ? EXIT_DONE : display_failed(&err, EXIT_FAILED);
	if (display_is_terminal(stdout) && call->answer.status == 200)
		putchar('\n');
	return EXIT_DONE;
}

static int
cmd_api_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_fields struct http_fields fields = { 0 };
	struct http_request request = { .method = words[0], .path = words[1] };
	struct call call = { .body = -1 };
	struct error err;
	int status;

	(void)count;
	if (words[0][strspn(words[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0' || words[0][0] == '\0')
		return options_wrong(command, "%s: the method is GET, POST, PUT, DELETE or HEAD",
		    words[0]);
	if (words[1][0] != '/')
		return options_wrong(command, "%s: a path begins with /, as /jobs", words[1]);
	for (size_t i = 0; i < cmd_api_data.count; i++)
		if (!cmd_api_add_data(&fields, cmd_api_data.items[i]))
			return options_wrong(command, "%s: -d takes NAME=VALUE",
			    cmd_api_data.items[i]);
	if (cmd_api_json != NULL && fields.count > 0)
		return options_wrong(command, "-d and --json exclude each other");
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	if (fields.count > 0)
		request.fields = &fields;
	status = cmd_api_call(&http, &call, &request);
	httpanswer_clear(&call.answer);
	if (call.body >= 0)
		(void)close(call.body);
	return status;
}

const struct command cmd_api = {
	.name = "api",
	.arguments = "METHOD PATH",
	.summary = "Makes a call of the HTTP API and prints its answer.",
	.options = cmd_api_options,
	.least = 2,
	.most = 2,
	.run = cmd_api_run,
};
