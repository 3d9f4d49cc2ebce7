/*
 * Reads Dockerfiles and contexts.
 */
#include "imagesource.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "display.h"

#define DOCKERFILE_MOST (1 << 20) /* bytes */

enum imagesource_kind
imagesource_kind_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return IMAGESOURCE_OTHER;
	return S_ISDIR(st.st_mode) ? IMAGESOURCE_CONTEXT : IMAGESOURCE_DOCKERFILE;
}

/* Reads the file. The caller frees the text. NULL: err is set. */
static char *
imagesource_read_file(const char *path, struct error *err)
{
	cleanup_file FILE *file = fopen(path, "re");
	cleanup_free char *text = malloc(DOCKERFILE_MOST + 1);
	size_t length;

	if (file == NULL || text == NULL) {
		error_errno(err, "open '%s'", path);
		return NULL;
	}
	length = fread(text, 1, DOCKERFILE_MOST + 1, file);
	if (ferror(file)) {
		error_errno(err, "read '%s'", path);
		return NULL;
	}
	if (length > DOCKERFILE_MOST || memchr(text, '\0', length) != NULL) {
		error_set(err, ERROR_INPUT, "'%s' is no Dockerfile: it is binary or over 1 MiB",
		    path);
		return NULL;
	}
	text[length] = '\0';
	return strdup(text);
}

/* Instructions */

/* Whether the text begins with the word, whatever its case, and white space. */
static bool
imagesource_is_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncasecmp(text, word, length) == 0 && strchr(" \t", text[length]) != NULL &&
	    text[length] != '\0';
}

static bool
imagesource_is_url(const char *word)
{
	return strstr(word, "://") != NULL || strncmp(word, "git@", 4) == 0;
}

/*
 * Whether the words of COPY or ADD name a file of the context. The last word is the target. JSON's
 * brackets, quotes and commas do not matter here.
 */
static bool
imagesource_names_file(char *words)
{
	char *rest = NULL, *word, *next;

	for (word = strtok_r(words, " \t\r\n[],\"", &rest); word != NULL; word = next) {
		next = strtok_r(NULL, " \t\r\n[],\"", &rest);
		if (strncmp(word, "--from=", 7) == 0)
			return false;
		if (strncmp(word, "--", 2) == 0 || strncmp(word, "<<", 2) == 0)
			continue;
		if (next != NULL && !imagesource_is_url(word))
			return true;
	}
	return false;
}

/*
 * Copies one instruction, which a backslash at the end of a line continues, without the comments in
 * it. *text moves behind it, *line counts its lines. The caller frees it. NULL: no memory.
 */
static char *
imagesource_next(const char **text, int *line)
{
	char *instruction = malloc(strlen(*text) + 1), *to = instruction;
	bool more = true;

	while (instruction != NULL && more && **text != '\0') {
		size_t length = strcspn(*text, "\n"), end = length;
		const char *from = *text + strspn(*text, " \t");

		while (end > 0 && strchr(" \t\r", (*text)[end - 1]) != NULL)
			end--;
		if (*from != '#') {
			more = end > 0 && (*text)[end - 1] == '\\';
			to = mempcpy(to, *text, end - more);
		}
		*text += length + ((*text)[length] == '\n');
		++*line;
	}
	if (instruction != NULL)
		*to = '\0';
	return instruction;
}

/*
 * Moves *text behind the here-document that the instruction begins, if it does: "<<EOF", "<<-EOF",
 * '<<"EOF"' (Dockerfile reference, "Here-Documents"). Its lines are no instructions.
 */
static void
imagesource_skip_document(const char *instruction, const char **text, int *line)
{
	const char *name = strstr(instruction, "<<");
	size_t length;

	if (name == NULL)
		return;
	name += 2;
	name += strspn(name, "-\"'");
	length = strcspn(name, " \t\"'");
	while (length > 0 && **text != '\0') {
		const char *begin = *text + strspn(*text, "\t");
		bool last = strncmp(begin, name, length) == 0 && strcspn(begin, "\r\n") == length;

		*text += strcspn(*text, "\n");
		*text += **text == '\n';
		++*line;
		if (last)
			return;
	}
}

int
imagesource_copies(const char *dockerfile)
{
	int line = 0;

	while (*dockerfile != '\0') {
		int first = line + 1;
		cleanup_free char *instruction = imagesource_next(&dockerfile, &line);
		char *begin = instruction;

		if (begin == NULL)
			return 0;
		begin += strspn(begin, " \t");
		imagesource_skip_document(begin, &dockerfile, &line);
		if (imagesource_is_word(begin, "COPY") && imagesource_names_file(begin + 4))
			return first;
		if (imagesource_is_word(begin, "ADD") && imagesource_names_file(begin + 3))
			return first;
	}
	return 0;
}

/* The whole */

static bool
imagesource_list(struct imagesource *source, const char *context, enum filelist_links links,
    struct error *err)
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/.", context) < 0) {
		path = NULL;
		return error_set(err, ERROR_SYSTEM, "not enough memory");
	}
	source->files.links = links;
	return filelist_add(&source->files, path, err) && filelist_finish(&source->files, err);
}

/* Leaves out the context's own Dockerfile, in whose place another one is sent. */
static void
imagesource_leave_out(struct filelist *files)
{
	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(filelist_name(files, i), "Dockerfile") != 0)
			continue;
		files->size -= files->entries[i].size;
		files->count--;
		memmove(files->entries + i, files->entries + i + 1,
		    (files->count - i) * sizeof *files->entries);
		return;
	}
}

/* Reads the Dockerfile that is a file of its own. */
static bool
imagesource_read_own(struct imagesource *source, const char *dockerfile, const char *context,
    struct error *err)
{
	int line;

	source->dockerfile = imagesource_read_file(dockerfile, err);
	if (source->dockerfile == NULL)
		return false;
	imagesource_leave_out(&source->files);
	line = context == NULL ? imagesource_copies(source->dockerfile) : 0;
	return line == 0 ||
	    error_set(err, ERROR_INPUT,
		"line %d of '%s' copies files, and there is no folder that has them: add -c FOLDER",
		line, dockerfile);
}

bool
imagesource_read(struct imagesource *source, const char *dockerfile, const char *context,
    enum filelist_links links, struct error *err)
{
	char remark[128];

	*source = (struct imagesource){ 0 };
	if (context != NULL && imagesource_kind_of(context) != IMAGESOURCE_CONTEXT)
		return error_set(err, ERROR_INPUT, "'%s' is no folder: a context must be one",
		    context);
	if (context != NULL && !imagesource_list(source, context, links, err))
		return false;
	if (dockerfile != NULL && !imagesource_read_own(source, dockerfile, context, err))
		return false;
	if (dockerfile == NULL && !filelist_has(&source->files, "Dockerfile"))
		return error_set(err, ERROR_INPUT,
		    "'%s' has no Dockerfile: put one there, or name it with -i", context);
	if (filelist_remark(&source->files, remark, sizeof remark))
		display_say("%s: %s", context, remark);
	return true;
}

bool
imagesource_add(const struct imagesource *source, struct sendform *form, const char *field,
    struct error *err)
{
	if (source->dockerfile != NULL &&
	    !sendform_field(form, "dockerfile", source->dockerfile, err))
		return false;
	return source->files.count == 0 || sendform_files(form, field, &source->files, err);
}

void
imagesource_clear(struct imagesource *source)
{
	free(source->dockerfile);
	filelist_clear(&source->files);
	*source = (struct imagesource){ 0 };
}
