/*
 * Finds a cookie in the Cookie header.
 */
#include "cookie.h"

#include <string.h>

void
cookie_find(const char *header, const char *name, char *value, size_t room)
{
	size_t name_length = strlen(name);

	value[0] = '\0';
	while (*header != '\0') {
		size_t length = strcspn(header, ";");

		if (length > name_length && strncmp(header, name, name_length) == 0 &&
		    header[name_length] == '=') {
			const char *begin = header + name_length + 1;
			size_t size = length - name_length - 1;

			if (size < room) {
				memcpy(value, begin, size);
				value[size] = '\0';
			}
			return;
		}
		header += length;
		header += strspn(header, "; ");
	}
}
