/*
 * Log lines: each is formatted in memory, gets its control characters escaped, and is written
 * whole.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

#define LINE_BYTES 2048

void
log_write(enum log_level level, const char *format, ...)
{
	int saved = errno;
	char text[LINE_BYTES], line[LINE_BYTES * 4 + 8];
	size_t length;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	length = (size_t)snprintf(line, sizeof line, "<%d>", (int)level);
	for (const char *from = text, *end = text + strlen(text); from < end;) {
		unsigned char byte = (unsigned char)*from;
		size_t size = utf8_character(from, (size_t)(end - from));

		if (size == 0 || byte < 0x20 || byte == 0x7f) {
			length += (size_t)snprintf(line + length, 5, "\\%03o", byte);
			size = 1;
		} else {
			memcpy(line + length, from, size);
			length += size;
		}
		from += size;
	}
	line[length++] = '\n';
	(void)!write(STDERR_FILENO, line, length);
	errno = saved;
}
