/*
 * kabuto images: lists images, the newest first.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "command.h"
#include "display.h"
#include "exitcode.h"
#include "http.h"
#include "jobtext.h"
#include "listing.h"
#include "options.h"
#include "table.h"

static bool cmd_images_quiet, cmd_images_json;
static const char *cmd_images_name;
static int64_t cmd_images_limit = LISTING_ALL;

static const struct options_row cmd_images_options[] = {
	{ 'n', "name", "TEXT", "images whose name contains the text", OPTIONS_TEXT,
	    &cmd_images_name },
	{ '\0', "limit", "N", "at most N images (all)", OPTIONS_NUMBER, &cmd_images_limit },
	{ 'q', "quiet", NULL, "the ids alone", OPTIONS_FLAG, &cmd_images_quiet },
	{ '\0', "json", NULL, "the server's objects, by id", OPTIONS_FLAG, &cmd_images_json },
	{ 0 },
};

static const struct table_column cmd_images_columns[] = {
	{ "ID", 0, true },
	{ "AGE", 0, true },
	{ "NAME", 40, false },
	{ "FROM", 0, false },
};
#define COLUMNS (sizeof cmd_images_columns / sizeof cmd_images_columns[0])

/* Writes the rest of the Dockerfile's first FROM line; "" if there is none. */
static void
cmd_images_write_base(const char *dockerfile, char *text, size_t size)
{
	text[0] = '\0';
	for (const char *line = dockerfile; line != NULL; line = strchr(line, '\n')) {
		line += strspn(line, "\n \t");
		if (strncasecmp(line, "FROM", 4) != 0 || strchr(" \t", line[4]) == NULL)
			continue;
		line += 4;
		line += strspn(line, " \t");
		snprintf(text, size, "%.*s", (int)strcspn(line, "\r\n"), line);
		return;
	}
}

static bool
cmd_images_add(const char *id, const json_t *image, void *context)
{
	struct table *table = context;
	const char *created = jobtext_member(image, "creation_date");
	char age[JOBTEXT], base[256];
	const char *cells[COLUMNS];

	if (cmd_images_quiet) {
		puts(id);
		return !display_is_over();
	}
	cmd_images_write_base(jobtext_member(image, "dockerfile"), base, sizeof base);
	cells[0] = id;
	cells[1] = table->aligned ? jobtext_format_age(created, age) : created;
	cells[2] = jobtext_member(image, "name");
	cells[3] = base;
	table_add(table, cells, 2, DISPLAY_BOLD);
	return !display_is_over();
}

static bool
cmd_images_print(struct http *http, const struct http_fields *fields, struct error *err)
{
	struct table table;
	bool done;

	if (cmd_images_json)
		return listing_print_json(http, "/image", fields, cmd_images_limit, err);
	display_start_pager();
	table_begin(&table, cmd_images_columns, COLUMNS);
	done = listing_each(http, "/image", fields, cmd_images_limit, cmd_images_add, &table, err);
	if (done && table.aligned && table.rows_count == 0 && !cmd_images_quiet)
		display_say("no images");
	table_end(&table);
	return done;
}

static int
cmd_images_run(const struct command *command, int count, char **words)
{
	cleanup_http struct http http = { 0 };
	cleanup_fields struct http_fields fields = { 0 };
	struct error err;

	(void)count;
	(void)words;
	if (cmd_images_limit == 0)
		return options_wrong(command, "--limit: must be at least 1");
	if (cmd_images_quiet && cmd_images_json)
		return options_wrong(command, "-q and --json exclude each other");
	if (!http_open(&http, &err))
		return display_failed(&err, EXIT_FAILED);
	httpfields_add(&fields, "order", "newest");
	httpfields_add(&fields, "own", "true");
	httpfields_add(&fields, "name", cmd_images_name);
	return cmd_images_print(&http, &fields, &err) ? EXIT_DONE
						      : display_failed(&err, EXIT_FAILED);
}

const struct command cmd_images = {
	.name = "images",
	.arguments = "",
	.summary = "Lists your images, the newest first.",
	.options = cmd_images_options,
	.run = cmd_images_run,
};
