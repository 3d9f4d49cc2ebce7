/*
 * Searches the list of files that a container added to its image.
 */
#include "elsewhere.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_container.h"
#include "utf8.h"

#define ELSEWHERE_MOST 10 /* files that are named */

/* The files that the job added elsewhere, collected in one line. */
struct elsewhere {
	char *text;
	int count;
};

static bool
elsewhere_is_mounted(const char *path)
{
	static const char *const ours[] = { "/inbox", "/outbox", "/run/kabuto" };

	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (strncmp(path, ours[i], strlen(ours[i])) == 0 &&
		    strchr("/", path[strlen(ours[i])]) != NULL) /* "/" or the end */
			return true;
	return strcmp(path, "/run") == 0;
}

static void
elsewhere_add(const char *path, void *context)
{
	struct elsewhere *files = context;
	char *longer;

	if (elsewhere_is_mounted(path) || files->count++ >= ELSEWHERE_MOST ||
	    asprintf(&longer, "%s%s%s", files->text != NULL ? files->text : "",
		files->text != NULL ? ", " : "", path) < 0)
		return;
	free(files->text);
	files->text = longer;
}

bool
elsewhere_find(struct engine *engine, const char *container, char **line, struct error *err)
{
	struct elsewhere files = { 0 };
	bool done =
	    engine_container_each_added(engine, container, elsewhere_add, &files, err);

	*line = NULL;
	if (files.text != NULL &&
	    asprintf(line, "only /outbox is kept, and it is empty; files elsewhere: %s%s",
		files.text, files.count > ELSEWHERE_MOST ? ", …" : "") < 0)
		*line = NULL;
	if (*line != NULL)
		(void)utf8_printable(*line);
	free(files.text);
	return done;
}
