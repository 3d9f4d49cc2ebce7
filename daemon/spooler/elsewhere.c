/*
 * Searches the list of files that a container added to its image. Most of such files are no
 * results: caches, temporary files, installed packages. A table says which are left out.
 */
#include "elsewhere.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "engine_container.h"
#include "utf8.h"

#define ELSEWHERE_MOST 10    /* files that are named */
#define FOUND_MOST     10000 /* files that are considered */
#define STAT_MOST      30    /* files whose size is asked for */
#define STAT_MS        10000 /* after this time no more sizes are asked for */

enum rule {
	RULE_PATH,   /* the path, or anything below it */
	RULE_PART,   /* a file or folder of that name anywhere, or anything below it */
	RULE_BEGINS, /* a file or folder whose name begins so, or anything below it */
	RULE_ENDS    /* a file whose name ends so */
};

static const struct {
	enum rule rule;
	const char *text;
} rules[] = {
	/* Kabuto's own */
	{ RULE_PATH, "/inbox" },
	{ RULE_PATH, "/outbox" },
	/* Temporary files, caches, logs, and the databases of packages */
	{ RULE_PATH, "/tmp" },
	{ RULE_PATH, "/run" },
	{ RULE_PATH, "/dev" },
	{ RULE_PATH, "/proc" },
	{ RULE_PATH, "/sys" },
	{ RULE_PATH, "/var/tmp" },
	{ RULE_PATH, "/var/run" },
	{ RULE_PATH, "/var/lock" },
	{ RULE_PATH, "/var/cache" },
	{ RULE_PATH, "/var/log" },
	{ RULE_PATH, "/var/spool" },
	{ RULE_PATH, "/var/lib/apt" },
	{ RULE_PATH, "/var/lib/dpkg" },
	{ RULE_PATH, "/var/lib/rpm" },
	{ RULE_PATH, "/var/lib/dnf" },
	{ RULE_PATH, "/var/lib/yum" },
	{ RULE_PATH, "/var/lib/pacman" },
	{ RULE_PATH, "/var/lib/systemd" },
	/* What packages install */
	{ RULE_PATH, "/bin" },
	{ RULE_PATH, "/sbin" },
	{ RULE_PATH, "/lib" },
	{ RULE_PATH, "/lib32" },
	{ RULE_PATH, "/lib64" },
	{ RULE_PATH, "/boot" },
	{ RULE_PATH, "/etc" },
	{ RULE_PATH, "/usr/bin" },
	{ RULE_PATH, "/usr/sbin" },
	{ RULE_PATH, "/usr/lib" },
	{ RULE_PATH, "/usr/lib32" },
	{ RULE_PATH, "/usr/lib64" },
	{ RULE_PATH, "/usr/libexec" },
	{ RULE_PATH, "/usr/include" },
	{ RULE_PATH, "/usr/share" },
	{ RULE_PATH, "/usr/local/bin" },
	{ RULE_PATH, "/usr/local/lib" },
	{ RULE_PATH, "/usr/local/include" },
	{ RULE_PATH, "/usr/local/share" },
	{ RULE_PATH, "/opt/conda" },
	{ RULE_PART, "node_modules" },
	{ RULE_PART, "site-packages" },
	{ RULE_PART, "dist-packages" },
	{ RULE_PART, "site-library" },
	/* Caches and settings of programs: .cache, .config, .local, .npm, .pytest_cache, … */
	{ RULE_BEGINS, "." },
	{ RULE_PART, "__pycache__" },
	{ RULE_ENDS, ".pyc" },
	{ RULE_ENDS, ".pyo" },
	{ RULE_ENDS, ".pid" },
	{ RULE_ENDS, ".lock" },
	{ RULE_ENDS, "~" },
};

struct file {
	char *path;
	size_t depth; /* slashes in the path */
	struct container_path stat;
	bool written; /* the job wrote it; false: it was unpacked with an older date */
};

struct elsewhere {
	struct file *files;
	size_t count, room;
};

/* Whether the path has a part that is text, or begins with it. */
static bool
elsewhere_has_part(const char *path, const char *text, bool whole)
{
	size_t length = strlen(text);

	for (const char *at = strchr(path, '/'); at != NULL; at = strchr(at + 1, '/'))
		if (strncmp(at + 1, text, length) == 0 &&
		    (!whole || strchr("/", at[1 + length]) != NULL)) /* "/" or the end */
			return true;
	return false;
}

static bool
elsewhere_is_left_out(const char *path)
{
	size_t length, path_length = strlen(path);

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		const char *text = rules[i].text;

		length = strlen(text);
		switch (rules[i].rule) {
		case RULE_PATH:
			if (strncmp(path, text, length) == 0 && strchr("/", path[length]) != NULL)
				return true;
			break;
		case RULE_PART:
		case RULE_BEGINS:
			if (elsewhere_has_part(path, text, rules[i].rule == RULE_PART))
				return true;
			break;
		case RULE_ENDS:
			if (path_length >= length && strcmp(path + path_length - length, text) == 0)
				return true;
			break;
		}
	}
	return false;
}

static size_t
elsewhere_depth(const char *path)
{
	size_t depth = 0;

	for (; *path != '\0'; path++)
		depth += *path == '/';
	return depth;
}

/* Keeps the path. Without memory it is left out, because only the hint is shorter then. */
static void
elsewhere_add(const char *path, void *context)
{
	struct elsewhere *found = context;

	if (elsewhere_is_left_out(path) || found->count == FOUND_MOST)
		return;
	if (found->count == found->room) {
		size_t room = found->room == 0 ? 64 : 2 * found->room;
		struct file *files = realloc(found->files, room * sizeof files[0]);

		if (files == NULL)
			return;
		found->files = files;
		found->room = room;
	}
	found->files[found->count] =
	    (struct file){ .path = strdup(path), .depth = elsewhere_depth(path) };
	found->count += found->files[found->count].path != NULL;
}

static void
elsewhere_clear(struct elsewhere *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->files[i].path);
	free(found->files);
}

/* Orders the files that are least deep first: results are there more often. */
static int
elsewhere_compare_depth(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return x->depth != y->depth ? (x->depth > y->depth) - (x->depth < y->depth)
				    : strcmp(x->path, y->path);
}

/* Orders the likeliest results first. */
static int
elsewhere_compare(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	int64_t difference = y->written - x->written;

	if (difference == 0)
		difference = y->stat.size - x->stat.size;
	if (difference == 0)
		difference = y->stat.modified - x->stat.modified;
	return difference != 0 ? (difference > 0) - (difference < 0) : strcmp(x->path, y->path);
}

/* Asks for the sizes. Keeps only regular files among those that were asked for. */
static bool
elsewhere_stat(struct elsewhere *found, struct engine *engine, const char *container, int64_t since,
    struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + STAT_MS;
	size_t kept = 0, i;

	for (i = 0; i < found->count; i++) {
		struct file *file = &found->files[i];

		if (i == STAT_MOST || clock_monotonic_ms() >= deadline)
			break;
		if (!engine_container_stat(engine, container, file->path, &file->stat, err))
			return false;
		file->written = file->stat.modified >= since;
	}
	for (size_t j = 0; j < found->count; j++) {
		struct file file = found->files[j];

		if (j < i && !file.stat.regular)
			free(file.path);
		else
			found->files[kept++] = file;
	}
	found->count = kept;
	return true;
}

/* Returns the names of the first files, or NULL. The caller frees it. */
static char *
elsewhere_names(const struct elsewhere *found)
{
	char *names = NULL;

	for (size_t i = 0; i < found->count && i < ELSEWHERE_MOST; i++) {
		cleanup_free char *shorter = names;

		if (asprintf(&names, "%s%s%s", shorter != NULL ? shorter : "",
			shorter != NULL ? ", " : "", found->files[i].path) < 0)
			return NULL;
	}
	return names;
}

bool
elsewhere_find(struct engine *engine, const char *container, int64_t since, char **line,
    struct error *err)
{
	struct elsewhere found = { 0 };
	cleanup_free char *names = NULL;
	bool done = engine_container_each_added(engine, container, elsewhere_add, &found, err);

	*line = NULL;
	if (done && found.count > 0) {
		qsort(found.files, found.count, sizeof found.files[0], elsewhere_compare_depth);
		done = elsewhere_stat(&found, engine, container, since, err);
	}
	if (done && found.count > 0) {
		qsort(found.files, found.count, sizeof found.files[0], elsewhere_compare);
		names = elsewhere_names(&found);
	}
	if (names != NULL &&
	    asprintf(line, "only /outbox is kept, and it is empty; files elsewhere: %s%s", names,
		found.count > ELSEWHERE_MOST ? ", …" : "") < 0)
		*line = NULL;
	if (*line != NULL)
		(void)utf8_printable(*line);
	elsewhere_clear(&found);
	return done;
}
