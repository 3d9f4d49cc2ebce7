/*
 * A progress message is a StatusResponse of BuildKit (api/services/control/control.proto). It has
 * the state of vertices (steps) that changed, and new output of them. A vertex is sent again with
 * each change, and vertices may be sent before they run.
 */
#include "engine_buildkit.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "protobuf.h"
#include "utf8.h"

#define VERTICES_MOST 4096 /* steps of one build */
#define DIGEST        80   /* bytes of a vertex's digest, including the NUL */
#define TAIL          4    /* bytes of an incomplete character */

/* The numbers of fields. */
enum { RESPONSE_VERTICES = 1, RESPONSE_LOGS = 3, RESPONSE_WARNINGS = 4 };
enum {
	VERTEX_DIGEST = 1,
	VERTEX_NAME = 3,
	VERTEX_CACHED = 4,
	VERTEX_STARTED = 5,
	VERTEX_COMPLETED = 6,
	VERTEX_ERROR = 7
};
enum { LOG_VERTEX = 1, LOG_TIMESTAMP = 2, LOG_MESSAGE = 4 };
enum { WARNING_SHORT = 3 };
enum { TIMESTAMP_SECONDS = 1, TIMESTAMP_NANOSECONDS = 2 };

struct buildkit_vertex {
	char digest[DIGEST];
	char name[BUILDKIT_STEP];
	int number;  /* in the text; 0: not yet there */
	bool hidden; /* BuildKit added it */
	bool ended;
	double started_s;
	char tail[TAIL]; /* the begin of a character whose rest has not yet come */
	size_t tail_length;
};

/* A vertex as one message describes it. Texts are not NUL-terminated. */
struct vertex_news {
	struct protobuf digest, name, error;
	bool cached, completed;
	double started_s, completed_s;
};

static double
engine_buildkit_seconds_of(struct protobuf timestamp)
{
	struct protobuf_field field;
	double seconds = 0;

	while (protobuf_next(&timestamp, &field))
		if (field.number == TIMESTAMP_SECONDS)
			seconds += (double)(int64_t)field.integer;
		else if (field.number == TIMESTAMP_NANOSECONDS)
			seconds += (double)(int32_t)field.integer / 1e9;
	return seconds;
}

/* Copies the beginning of a text as one valid line. */
static void
engine_buildkit_copy(char *to, size_t room, struct protobuf text)
{
	size_t length = text.length < room ? text.length : room - 1;

	if (length > 0)
		memcpy(to, text.data, length);
	to[length] = '\0';
	if (strlen(to) < length) /* a NUL is no character of a line */
		length = strlen(to);
	to[utf8_cut(to, length)] = '\0';
	(void)utf8_printable(utf8_make_valid(to));
}

static void __attribute__((format(printf, 2, 3)))
engine_buildkit_say(struct engine_buildkit *buildkit, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL;
		return;
	}
	if (buildkit->open != NULL)
		buildkit->write(buildkit->context, "\n");
	buildkit->open = NULL;
	buildkit->write(buildkit->context, text);
}

static struct buildkit_vertex *
engine_buildkit_find(struct engine_buildkit *buildkit, struct protobuf digest)
{
	for (size_t i = 0; i < buildkit->count; i++) {
		struct buildkit_vertex *vertex = &buildkit->vertices[i];

		if (strlen(vertex->digest) == digest.length &&
		    memcmp(vertex->digest, digest.data, digest.length) == 0)
			return vertex;
	}
	return NULL;
}

/* Whether the name is of a vertex that BuildKit adds to each build. */
static bool
engine_buildkit_is_internal(const char *name)
{
	return strncmp(name, "[internal] ", 11) == 0 || strcmp(name, "copy /context /") == 0;
}

/*
 * Whether the name is of a vertex that fetches a URL: "[2/3] ONBUILD ADD http://x /", or the URL
 * itself (20.10).
 */
static bool
engine_buildkit_is_fetch(const char *name)
{
	static const char *const schemes[] = { "http://", "https://", "git://", "ssh://", "git@" };
	const char *end = name[0] == '[' ? strstr(name, "] ") : NULL, *at;

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (strncasecmp(name, schemes[i], strlen(schemes[i])) == 0)
			return true;
	if (end == NULL)
		return false;
	at = end + 2;
	if (strncasecmp(at, "ONBUILD ", 8) == 0)
		at += 8;
	return strncasecmp(at, "ADD ", 4) == 0 &&
	    (strstr(at, "://") != NULL || strstr(at, "git@") != NULL);
}

/* Adds the vertex. Returns NULL without memory, and for a vertex that cannot be kept. */
static struct buildkit_vertex *
engine_buildkit_add(struct engine_buildkit *buildkit, const struct vertex_news *news)
{
	struct buildkit_vertex *vertex;

	if (news->digest.length == 0 || news->digest.length >= DIGEST ||
	    memchr(news->digest.data, '\0', news->digest.length) != NULL)
		return NULL;
	if (buildkit->count == VERTICES_MOST) {
		if (!buildkit->said_too_many)
			engine_buildkit_say(buildkit,
			    "the build has more than %d steps; the text shows no more of them\n",
			    VERTICES_MOST);
		buildkit->said_too_many = true;
		return NULL;
	}
	if (buildkit->count == buildkit->room) {
		size_t room = buildkit->room * 2 + 16, open = 0;
		struct buildkit_vertex *vertices;

		if (buildkit->open != NULL)
			open = (size_t)(buildkit->open - buildkit->vertices);
		vertices = realloc(buildkit->vertices, room * sizeof *vertices);
		if (vertices == NULL)
			return NULL;
		buildkit->vertices = vertices;
		buildkit->room = room;
		if (buildkit->open != NULL)
			buildkit->open = vertices + open;
	}
	vertex = &buildkit->vertices[buildkit->count++];
	*vertex = (struct buildkit_vertex){ 0 };
	memcpy(vertex->digest, news->digest.data, news->digest.length);
	engine_buildkit_copy(vertex->name, sizeof vertex->name, news->name);
	vertex->hidden = engine_buildkit_is_internal(vertex->name);
	return vertex;
}

/* Gives the step its number and writes its first line, unless that was done before. */
static void
engine_buildkit_begin(struct engine_buildkit *buildkit, struct buildkit_vertex *vertex)
{
	if (vertex->number != 0)
		return;
	vertex->number = ++buildkit->shown;
	engine_buildkit_say(buildkit, "%s#%d %s\n", vertex->number > 1 ? "\n" : "", vertex->number,
	    vertex->name);
}

/* Reads the state of a vertex. Writes its first line if it runs now. */
static void
engine_buildkit_take_begin(struct engine_buildkit *buildkit, const struct vertex_news *news)
{
	struct buildkit_vertex *vertex = engine_buildkit_find(buildkit, news->digest);

	if (vertex == NULL)
		vertex = engine_buildkit_add(buildkit, news);
	if (vertex == NULL)
		return;
	if (news->started_s > 0 && vertex->started_s <= 0)
		vertex->started_s = news->started_s;
	buildkit->fetches = buildkit->fetches || engine_buildkit_is_fetch(vertex->name);
	if (!vertex->hidden && (news->started_s > 0 || news->cached))
		engine_buildkit_begin(buildkit, vertex);
}

/* Reads the state of a vertex. Writes its last line if it has ended. */
static void
engine_buildkit_take_end(struct engine_buildkit *buildkit, const struct vertex_news *news)
{
	struct buildkit_vertex *vertex = engine_buildkit_find(buildkit, news->digest);
	char reason[1024];

	if (vertex == NULL || vertex->ended)
		return;
	if (news->error.length > 0) {
		engine_buildkit_copy(reason, sizeof reason, news->error);
		vertex->ended = true;
		engine_buildkit_begin(buildkit, vertex);
		if (strstr(reason, "context canceled") != NULL) { /* another step has failed */
			engine_buildkit_say(buildkit, "#%d CANCELED\n", vertex->number);
			return;
		}
		engine_buildkit_say(buildkit, "#%d ERROR: %s\n", vertex->number, reason);
		if (buildkit->failed[0] == '\0')
			memcpy(buildkit->failed, vertex->name, sizeof buildkit->failed);
	} else if (vertex->number != 0 && news->completed) {
		vertex->ended = true;
		if (news->cached)
			engine_buildkit_say(buildkit, "#%d CACHED\n", vertex->number);
		else
			engine_buildkit_say(buildkit, "#%d DONE %.1fs\n", vertex->number,
			    news->completed_s - vertex->started_s);
	}
}

static void
engine_buildkit_take_vertex(struct engine_buildkit *buildkit, struct protobuf message, bool end)
{
	struct vertex_news news = { 0 };
	struct protobuf_field field;

	while (protobuf_next(&message, &field))
		switch (field.number) {
		case VERTEX_DIGEST:
			news.digest = field.content;
			break;
		case VERTEX_NAME:
			news.name = field.content;
			break;
		case VERTEX_CACHED:
			news.cached = field.integer != 0;
			break;
		case VERTEX_STARTED:
			news.started_s = engine_buildkit_seconds_of(field.content);
			break;
		case VERTEX_COMPLETED:
			news.completed = true;
			news.completed_s = engine_buildkit_seconds_of(field.content);
			break;
		case VERTEX_ERROR:
			news.error = field.content;
			break;
		}
	if (news.digest.data == NULL)
		return;
	if (end)
		engine_buildkit_take_end(buildkit, &news);
	else
		engine_buildkit_take_begin(buildkit, &news);
}

/*
 * Writes output of a step: each line that begins here gets the step's number and the time. The
 * incomplete character at the output's end is kept for the next output of the step.
 */
static void
engine_buildkit_write_output(struct engine_buildkit *buildkit, struct buildkit_vertex *vertex,
    struct protobuf output, double since_s)
{
	cleanup_free char *raw = malloc(vertex->tail_length + output.length + 1), *text = NULL,
			  *lines = NULL;
	size_t length = vertex->tail_length + output.length, whole, size;
	FILE *to = open_memstream(&lines, &size);
	bool within = buildkit->open == vertex;

	if (raw == NULL || to == NULL)
		goto end;
	memcpy(raw, vertex->tail, vertex->tail_length);
	if (output.length > 0)
		memcpy(raw + vertex->tail_length, output.data, output.length);
	whole = utf8_cut(raw, length);
	if (length - whole > TAIL)
		whole = length;
	vertex->tail_length = length - whole;
	memcpy(vertex->tail, raw + whole, vertex->tail_length);
	text = utf8_repair(raw, whole, &length);
	if (text == NULL || length == 0)
		goto end;
	if (buildkit->open != NULL && !within)
		fputc('\n', to);
	for (const char *at = text; at < text + length;) {
		const char *newline = memchr(at, '\n', (size_t)(text + length - at));
		const char *end = newline != NULL ? newline + 1 : text + length;

		if (!within)
			fprintf(to, "#%d %.3f ", vertex->number, since_s);
		for (; at < end; at++)
			if (*at != '\0')
				fputc(*at, to);
		within = newline == NULL;
	}
	if (fflush(to) != 0)
		goto end;
	buildkit->open = within ? vertex : NULL;
	buildkit->write(buildkit->context, lines);
end:
	if (to != NULL)
		(void)fclose(to);
}

static void
engine_buildkit_take_log(struct engine_buildkit *buildkit, struct protobuf message)
{
	struct buildkit_vertex *vertex = NULL;
	struct protobuf_field field;
	struct protobuf output = { 0 };
	double at_s = 0;

	while (protobuf_next(&message, &field))
		switch (field.number) {
		case LOG_VERTEX:
			if (field.content.data != NULL)
				vertex = engine_buildkit_find(buildkit, field.content);
			break;
		case LOG_TIMESTAMP:
			at_s = engine_buildkit_seconds_of(field.content);
			break;
		case LOG_MESSAGE:
			output = field.content;
			break;
		}
	if (vertex == NULL)
		return;
	engine_buildkit_begin(buildkit, vertex);
	engine_buildkit_write_output(buildkit, vertex, output,
	    at_s > vertex->started_s && vertex->started_s > 0 ? at_s - vertex->started_s : 0);
}

static void
engine_buildkit_take_warning(struct engine_buildkit *buildkit, struct protobuf message)
{
	struct protobuf_field field;
	char text[1024];

	while (protobuf_next(&message, &field))
		if (field.number == WARNING_SHORT) {
			engine_buildkit_copy(text, sizeof text, field.content);
			engine_buildkit_say(buildkit, "warning: %s\n", text);
		}
}

/* Whether the message is well-formed, to the depth that is read. */
static bool
engine_buildkit_is_sound(struct protobuf message, int depth)
{
	struct protobuf_field field;

	while (protobuf_next(&message, &field))
		if (depth > 0 && field.content.length > 0 &&
		    !engine_buildkit_is_sound(field.content, depth - 1))
			return false;
	return message.length == 0;
}

/* Reads all fields of the number. A step's output comes after its begin and before its end. */
static void
engine_buildkit_take_each(struct engine_buildkit *buildkit, struct protobuf response,
    uint64_t number, bool end)
{
	struct protobuf_field field;

	while (protobuf_next(&response, &field)) {
		if (field.number != number || field.content.data == NULL)
			continue;
		if (number == RESPONSE_VERTICES)
			engine_buildkit_take_vertex(buildkit, field.content, end);
		else if (number == RESPONSE_LOGS)
			engine_buildkit_take_log(buildkit, field.content);
		else
			engine_buildkit_take_warning(buildkit, field.content);
	}
}

void
engine_buildkit_read(struct engine_buildkit *buildkit, const char *message)
{
	size_t room = strlen(message) / 4 * 3 + 3, length = 0;
	cleanup_free unsigned char *bytes = malloc(room);
	struct protobuf response;

	if (bytes == NULL)
		return;
	if (sodium_base642bin(bytes, room, message, strlen(message), NULL, &length, NULL,
		sodium_base64_VARIANT_ORIGINAL) != 0)
		length = 0;
	response = (struct protobuf){ bytes, length };
	if (length == 0 || !engine_buildkit_is_sound(response, 1)) {
		if (!buildkit->said_unreadable)
			engine_buildkit_say(buildkit,
			    "a message of the engine is not readable; a part of the output is missing\n");
		buildkit->said_unreadable = true;
		return;
	}
	engine_buildkit_take_each(buildkit, response, RESPONSE_VERTICES, false);
	engine_buildkit_take_each(buildkit, response, RESPONSE_LOGS, false);
	engine_buildkit_take_each(buildkit, response, RESPONSE_WARNINGS, false);
	engine_buildkit_take_each(buildkit, response, RESPONSE_VERTICES, true);
}

void
engine_buildkit_close(struct engine_buildkit *buildkit)
{
	free(buildkit->vertices);
	*buildkit = (struct engine_buildkit){ 0 };
}
