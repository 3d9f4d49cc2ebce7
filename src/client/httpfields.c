/*
 * Keeps and encodes the parameters of a call.
 */
#include "httpfields.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

char *
httpfields_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	char *copy = escaped == NULL ? NULL : strdup(escaped);

	curl_free(escaped);
	return copy;
}

char *
httpfields_encode(const struct http_fields *fields)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	bool failed = to == NULL || (fields != NULL && fields->failed);

	for (size_t i = 0; !failed && fields != NULL && i < fields->count; i++) {
		cleanup_free char *name = httpfields_escape(fields->items[i].name);
		cleanup_free char *value = httpfields_escape(fields->items[i].value);

		failed = name == NULL || value == NULL ||
		    fprintf(to, "%s%s=%s", i > 0 ? "&" : "", name, value) < 0;
	}
	if (to != NULL && fclose(to) != 0)
		failed = true;
	if (!failed)
		return text;
	free(text);
	return NULL;
}

void
httpfields_add(struct http_fields *fields, const char *name, const char *value)
{
	struct http_field *items, field;

	if (value == NULL)
		return;
	items = realloc(fields->items, (fields->count + 1) * sizeof *items);
	field = (struct http_field){ strdup(name), strdup(value) };
	fields->items = items != NULL ? items : fields->items;
	if (items == NULL || field.name == NULL || field.value == NULL) {
		fields->failed = true;
		free(field.name);
		free(field.value);
		return;
	}
	fields->items[fields->count++] = field;
}

void
httpfields_add_number(struct http_fields *fields, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	httpfields_add(fields, name, text);
}

void
httpfields_clear(struct http_fields *fields)
{
	for (size_t i = 0; i < fields->count; i++) {
		free(fields->items[i].name);
		explicit_bzero(fields->items[i].value, strlen(fields->items[i].value));
		free(fields->items[i].value);
	}
	free(fields->items);
	*fields = (struct http_fields){ 0 };
}
