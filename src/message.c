/*
 * Log lines: formatted in memory, made harmless, written whole.
 */
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	for (const char *from = text; *from != '\0'; from++) {
		unsigned char byte = (unsigned char)*from;

		if (byte < 0x20 || byte == 0x7f)
			length += (size_t)snprintf(line + length, 5, "\\%03o", byte);
		else
			line[length++] = *from;
	}
	line[length++] = '\n';
	(void)!write(STDERR_FILENO, line, length);
	errno = saved;
}
