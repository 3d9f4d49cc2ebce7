#ifndef KABUTO_HTTPFIELDS_H
#define KABUTO_HTTPFIELDS_H
/*
 * The parameters of a call: names and values.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parameters. A name may occur repeatedly. Begin with zeros. */
struct http_fields {
	struct http_field {
		char *name, *value;
	} * items;
	size_t count;
	bool failed; /* out of memory: the call fails */
};

/* Adds copies. A value of NULL adds nothing. */
void httpfields_add(struct http_fields *fields, const char *name, const char *value);
void httpfields_add_number(struct http_fields *fields, const char *name, int64_t value);
void httpfields_clear(struct http_fields *fields);
#define cleanup_fields __attribute__((cleanup(httpfields_clear)))

/*
 * Returns the fields as "name=value&name=value", percent-encoded: a query or an urlencoded form. ""
 * for NULL. The caller wipes and frees it. NULL: no memory.
 */
char *httpfields_encode(const struct http_fields *fields);

/* Returns text percent-encoded for a path or query. The caller frees it. NULL: no memory. */
char *httpfields_escape(const char *text);

#endif
