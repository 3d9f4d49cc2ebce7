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
#include "sendform.h"

static struct options_texts cmd_api_data, cmd_api_form;
static const char *cmd_api_json;
static bool cmd_api_head;

static const struct options_row cmd_api_options[] = {
	{ 'd', "data", "NAME=VALUE",
	    "a parameter: in the query of GET, HEAD, DELETE, else in a form", OPTIONS_TEXTS,
	    &cmd_api_data },
	{ 'F', "form", "NAME=@FILE", "a file in a multipart form; without @ a text of it",
	    OPTIONS_TEXTS, &cmd_api_form },
	{ '\0', "json", "FILE", "send this JSON file as the body (-: the standard input)",
	    OPTIONS_TEXT, &cmd_api_json },
	{ 'i', "include", NULL, "print the answer's status and headers, too", OPTIONS_FLAG,
	    &cmd_api_head },
	{ 0 },
};

/* What a call prints and sends. */
struct call {
	struct http_answer answer;
	int body; /* descriptor of the JSON file to send; -1: none */
	struct sendform form;
	struct filelist lists[SENDFORM_LISTS_MOST]; /* a list for each name of -F */
	char *names[SENDFORM_LISTS_MOST];
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

/* Splits "name=value". *name must be freed. Returns NULL if the text is of another form. */
static const char *
cmd_api_split(const char *text, char **name)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return NULL;
	*name = strndup(text, (size_t)(equals - text));
	return *name != NULL ? equals + 1 : NULL;
}

static bool
cmd_api_add_data(struct http_fields *fields, const char *text)
{
	cleanup_free char *name = NULL;
	const char *value = cmd_api_split(text, &name);

	if (value != NULL)
		httpfields_add(fields, name, value);
	return value != NULL;
}

/* Adds a file to the list of its name. Takes the name. */
static bool
cmd_api_add_file(struct call *call, char *name, const char *path, struct error *err)
{
	size_t i = 0;

	while (i < SENDFORM_LISTS_MOST && call->names[i] != NULL &&
	    strcmp(call->names[i], name) != 0)
		i++;
	if (i == SENDFORM_LISTS_MOST) {
		free(name);
		return error_set(err, ERROR_INPUT, "-F takes files of at most %d names",
		    SENDFORM_LISTS_MOST);
	}
	if (call->names[i] == NULL)
		call->names[i] = name;
	else
		free(name);
	return filelist_add(&call->lists[i], path, err);
}

/* Makes the multipart form of -F. */
static bool
cmd_api_make_form(struct call *call, struct error *err)
{
	for (size_t i = 0; i < cmd_api_form.count; i++) {
		char *name = NULL;
		const char *value = cmd_api_split(cmd_api_form.items[i], &name);

		if (value != NULL && value[0] == '@') {
			if (!cmd_api_add_file(call, name, value + 1, err))
				return false;
			continue;
		}
		if (value == NULL || !sendform_field(&call->form, name, value, err)) {
			free(name);
			return value != NULL
			    ? false
			    : error_set(err, ERROR_INPUT, "%s: -F takes NAME=@FILE or NAME=VALUE",
				  cmd_api_form.items[i]);
		}
		free(name);
	}
	for (size_t i = 0; i < SENDFORM_LISTS_MOST && call->names[i] != NULL; i++)
		if (!filelist_finish(&call->lists[i], err) ||
		    !sendform_files(&call->form, call->names[i], &call->lists[i], err))
			return false;
	return sendform_begin(&call->form, err);
}

static ssize_t
cmd_api_read_form(void *context, char *to, size_t size, struct error *err)
{
	struct call *call = context;

	return sendform_read(&call->form, to, size, err);
}

static bool
cmd_api_rewind_form(void *context, struct error *err)
{
	struct call *call = context;

	return sendform_rewind(&call->form, err);
}

static void
cmd_api_clear(struct call *call)
{
	httpanswer_clear(&call->answer);
	sendform_clear(&call->form);
	for (size_t i = 0; i < SENDFORM_LISTS_MOST; i++) {
		filelist_clear(&call->lists[i]);
		free(call->names[i]);
	}
	if (call->body >= 0)
		(void)close(call->body);
}

/* Gives the call its body, if it has one. */
static bool
cmd_api_set_body(struct call *call, struct http_request *request, struct error *err)
{
	if (cmd_api_form.count > 0) {
		if (!cmd_api_make_form(call, err))
			return false;
		request->read = cmd_api_read_form;
		request->rewind = cmd_api_rewind_form;
		request->content_type = call->form.content_type;
		request->length = call->form.length;
	} else if (cmd_api_json != NULL) {
		if (!cmd_api_open(call, &request->length, err))
			return false;
		request->read = cmd_api_read;
		request->rewind = cmd_api_rewind;
		request->content_type = "application/json";
	}
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
	if (!cmd_api_set_body(call, request, &err))
		return display_failed(&err, EXIT_FAILED);
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

/* Whether it can be sent as it is: visible ASCII that begins with "/". */
static bool
cmd_api_is_path(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= 0x20 || *c >= 0x7f)
			return false;
	return text[0] == '/';
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
	if (!cmd_api_is_path(words[1]))
		return options_wrong(command,
		    "%s: a path begins with /, as /jobs, and has no spaces: write %%20", words[1]);
	for (size_t i = 0; i < cmd_api_data.count; i++)
		if (!cmd_api_add_data(&fields, cmd_api_data.items[i]))
			return options_wrong(command, "%s: -d takes NAME=VALUE",
			    cmd_api_data.items[i]);
	if ((fields.count > 0) + (cmd_api_json != NULL) + (cmd_api_form.count > 0) > 1)
		return options_wrong(command, "-d, -F and --json exclude each other");
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	if (fields.count > 0)
		request.fields = &fields;
	status = cmd_api_call(&http, &call, &request);
	cmd_api_clear(&call);
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
