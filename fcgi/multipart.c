/*
 * Parses multipart/form-data. The parser holds a window on the body. Each state consumes bytes from
 * the window's beginning, or waits for more bytes.
 */
#include "multipart.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "urlencoded.h"

static bool
multipart_broken(struct error *err, const char *what)
{
	return error_set(err, ERROR_INPUT, "broken multipart/form-data: %s", what);
}

/*
 * Returns a parameter's value from a header ("form-data; name=x; filename=\"y\""). The caller frees
 * it. NULL: the parameter is missing, or, with errno ENOMEM, no memory. In quotes a backslash
 * escapes a quote or a backslash (RFC 9110, section 5.6.4), as curl and requests write them.
 */
static char *
multipart_header_parameter(const char *header, const char *name)
{
	size_t length = strlen(name);
	const char *at = header;

	errno = 0; /* so that ENOMEM means no memory, and 0 a missing parameter */
	while ((at = strchr(at, ';')) != NULL) {
		bool wanted;
		char *value, *to;

		at += 1 + strspn(at + 1, " \t");
		wanted = strncasecmp(at, name, length) == 0 && at[length] == '=';
		at += strcspn(at, "=;\"");
		if (*at != '=')
			continue;
		at++;
		value = to = malloc(strlen(at) + 1);
		if (value == NULL)
			return NULL;
		if (*at == '"') {
			for (at++; *at != '\0' && *at != '"'; at++) {
				if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
					at++;
				*to++ = *at;
			}
		} else {
			while (*at != '\0' && *at != ';' && !isspace((unsigned char)*at))
				*to++ = *at++;
		}
		*to = '\0';
		if (wanted)
			return value;
		free(value);
	}
	return NULL;
}

/*
 * Decodes the three escapes that browsers use in names (WHATWG HTML standard, section 4.10.21.8).
 */
static void
multipart_unescape_form_name(char *name)
{
	char *to = name;

	while (*name != '\0') {
		if (strncasecmp(name, "%22", 3) == 0 || strncasecmp(name, "%0d", 3) == 0 ||
		    strncasecmp(name, "%0a", 3) == 0) {
			*to++ = (char)strtol((char[]){ name[1], name[2], '\0' }, NULL, 16);
			name += 3;
		} else {
			*to++ = *name++;
		}
	}
	*to = '\0';
}

/*
 * Returns the file name from "filename*=utf-8''a%20b" (RFC 8187), which some clients send although
 * RFC 7578 forbids it. The caller frees it. NULL: missing, not UTF-8, or no memory.
 */
static char *
multipart_extended_filename(const char *header)
{
	char *value = multipart_header_parameter(header, "filename*");
	size_t charset = strlen("utf-8'"), length;
	char *language_end;

	if (value != NULL && strncasecmp(value, "utf-8'", charset) == 0 &&
	    (language_end = strchr(value + charset, '\'')) != NULL) {
		memmove(value, language_end + 1, strlen(language_end + 1) + 1);
		length = urlencoded_decode(value, strlen(value), false);
		for (size_t i = 0; i < length; i++)
			if (value[i] == '\0')
				value[i] = '\1'; /* later refused; a NUL would cut the name short */
		return value;
	}
	free(value);
	return NULL;
}

static void
multipart_part_clear(struct multipart_part *part)
{
	free(part->name);
	free(part->filename);
	*part = (struct multipart_part){ 0 };
}

static bool
multipart_quotes_end(const char *header)
{
	bool quoted = false;

	for (; *header != '\0'; header++)
		if (quoted && *header == '\\' && (header[1] == '"' || header[1] == '\\'))
			header++;
		else if (*header == '"')
			quoted = !quoted;
	return !quoted;
}

static bool
multipart_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "read a part's headers: not enough memory");
}

static bool
multipart_read_disposition(struct multipart_part *part, const char *header, struct error *err)
{
	if (!multipart_quotes_end(header))
		return multipart_broken(err, "a part's Content-Disposition has an unclosed quote");
	errno = 0;
	part->name = multipart_header_parameter(header, "name");
	if (part->name == NULL)
		return errno == ENOMEM ? multipart_no_memory(err)
				       : multipart_broken(err, "a part has no name");
	multipart_unescape_form_name(part->name);
	part->filename = multipart_extended_filename(header);
	if (part->filename == NULL) {
		part->filename = multipart_header_parameter(header, "filename");
		if (part->filename != NULL)
			multipart_unescape_form_name(part->filename);
	}
	/* Without the check for memory, a file would be treated as a text. */
	return part->filename != NULL || errno != ENOMEM || multipart_no_memory(err);
}

/* Reads a part's headers. Each ends with CRLF. Only Content-Disposition is used. */
static bool
multipart_read_head(struct multipart_part *part, char *head, size_t length, struct error *err)
{
	static const char wanted[] = "Content-Disposition:";
	char *end = head + length;

	if (memchr(head, '\0', length) != NULL)
		return multipart_broken(err, "a part's headers contain a NUL byte");
	while (head < end) {
		char *line_end = memmem(head, (size_t)(end - head), "\r\n", 2);

		if (line_end == NULL)
			line_end = end;
		*line_end = '\0';
		if (strncasecmp(head, wanted, sizeof wanted - 1) == 0)
			return multipart_read_disposition(part, head + sizeof wanted - 1, err);
		head = line_end + 2;
	}
	return multipart_broken(err, "a part has no Content-Disposition");
}

bool
multipart_begin(struct multipart *mp, const char *content_type, const struct multipart_sink *sink,
    struct error *err)
{
	cleanup_free char *boundary = multipart_header_parameter(content_type, "boundary");
	size_t length = boundary == NULL ? 0 : strlen(boundary);

	*mp = (struct multipart){ .sink = *sink };
	if (boundary == NULL && errno == ENOMEM)
		return multipart_no_memory(err);
	if (!multipart_quotes_end(content_type) || length == 0 || length > MULTIPART_BOUNDARY_MOST)
		return multipart_broken(err, "the Content-Type header has no valid boundary");
	memcpy(mp->delimiter, "\r\n--", 4);
	memcpy(mp->delimiter + 4, boundary, length);
	mp->delimiter_length = length + 4;
	mp->window = malloc(MULTIPART_WINDOW);
	if (mp->window == NULL)
		return error_set(err, ERROR_SYSTEM, "receive a body: not enough memory");
	/* The first delimiter may have no CRLF before it: add one. */
	memcpy(mp->window, "\r\n", 2);
	mp->held = 2;
	return true;
}

void
multipart_clear(struct multipart *mp)
{
	multipart_part_clear(&mp->part);
	free(mp->window);
	mp->window = NULL;
}

static void
multipart_consume(struct multipart *mp, size_t length)
{
	memmove(mp->window, mp->window + length, mp->held - length);
	mp->held -= length;
}

static int
multipart_fail(struct error *err, const char *what)
{
	(void)multipart_broken(err, what);
	return -1;
}

/* Each step function returns 1 if it consumed bytes, 0 if it needs more bytes, -1 on error. */
static int
multipart_step_to_delimiter(struct multipart *mp, bool body, struct error *err)
{
	char *found = memmem(mp->window, mp->held, mp->delimiter, mp->delimiter_length);
	size_t before = found != NULL          ? (size_t)(found - mp->window)
	    : mp->held >= mp->delimiter_length ? mp->held - mp->delimiter_length + 1
					       : 0;

	if (body && before > 0 && !mp->sink.part_data(mp->sink.context, mp->window, before, err))
		return -1;
	multipart_consume(mp, before + (found != NULL ? mp->delimiter_length : 0));
	if (found == NULL)
		return 0;
	if (body && !mp->sink.part_end(mp->sink.context, err))
		return -1;
	multipart_part_clear(&mp->part);
	mp->state = MULTIPART_DELIMITED;
	return 1;
}

/* Reads the text after a delimiter: "--" ends the body; white space and CRLF begin a part. */
static int
multipart_step_delimited(struct multipart *mp, struct error *err)
{
	size_t space = 0;

	if (mp->held < 2)
		return 0;
	if (memcmp(mp->window, "--", 2) == 0) {
		mp->state = MULTIPART_EPILOGUE;
		return 1;
	}
	while (space < mp->held && (mp->window[space] == ' ' || mp->window[space] == '\t'))
		space++;
	if (space > MULTIPART_HEAD_MOST)
		return multipart_fail(err, "a boundary's line is too long");
	if (mp->held < space + 2)
		return 0;
	if (memcmp(mp->window + space, "\r\n", 2) != 0)
		return multipart_fail(err, "a boundary is followed by unexpected text");
	multipart_consume(mp, space + 2);
	mp->state = MULTIPART_HEAD;
	return 1;
}

static int
multipart_step_head(struct multipart *mp, struct error *err)
{
	char *end = memmem(mp->window, mp->held, "\r\n\r\n", 4);
	size_t length = end != NULL ? (size_t)(end - mp->window) : mp->held;

	if (mp->held >= 2 && memcmp(mp->window, "\r\n", 2) == 0)
		return multipart_fail(err, "a part has no Content-Disposition");
	/* Without the end, up to three bytes in the window may be the end's first bytes. */
	if (length > (size_t)MULTIPART_HEAD_MOST + (end != NULL ? 0 : 3))
		return multipart_fail(err, "a part's headers are too long");
	if (end == NULL)
		return 0;
	if (!multipart_read_head(&mp->part, mp->window, length, err) ||
	    !mp->sink.part_begin(mp->sink.context, &mp->part, err))
		return -1;
	multipart_consume(mp, length + 4);
	mp->state = MULTIPART_BODY;
	return 1;
}

static int
multipart_step(struct multipart *mp, struct error *err)
{
	switch (mp->state) {
	case MULTIPART_PREAMBLE:
		return multipart_step_to_delimiter(mp, false, err);
	case MULTIPART_DELIMITED:
		return multipart_step_delimited(mp, err);
	case MULTIPART_HEAD:
		return multipart_step_head(mp, err);
	case MULTIPART_BODY:
		return multipart_step_to_delimiter(mp, true, err);
	case MULTIPART_EPILOGUE:
		mp->held = 0;
		return 0;
	}
	return 0;
}

bool
multipart_feed(struct multipart *mp, const char *data, size_t length, struct error *err)
{
	while (length > 0) {
		size_t taken = MULTIPART_WINDOW - mp->held;
		int went;

		if (taken > length)
			taken = length;
		memcpy(mp->window + mp->held, data, taken);
		mp->held += taken;
		data += taken;
		length -= taken;
		while ((went = multipart_step(mp, err)) == 1)
			continue;
		if (went < 0)
			return false;
	}
	return true;
}

bool
multipart_end(struct multipart *mp, struct error *err)
{
	if (mp->state != MULTIPART_EPILOGUE)
		return multipart_broken(err,
		    "the body ends before its last boundary; was the upload cut off?");
	return true;
}
