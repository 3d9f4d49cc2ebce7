/*
 * Error texts. The function that knows the cause formats the text; its callers add prefixes.
 */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

bool
error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	err->kind = kind;
	err->retry_after_s = 0;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof err->text, format, arguments);
	va_end(arguments);
	(void)utf8_make_valid(err->text);
	return false;
}

bool
error_errno(struct error *err, const char *format, ...)
{
	int saved = errno;
	va_list arguments;
	char reason[128];
	size_t length;

	err->kind = saved == ENOSPC || saved == EDQUOT ? ERROR_NO_SPACE : ERROR_SYSTEM;
	err->retry_after_s = 0;
	va_start(arguments, format);
	vsnprintf(err->text, sizeof err->text, format, arguments);
	va_end(arguments);
	length = strlen(err->text);
	snprintf(err->text + length, sizeof err->text - length, ": %s",
	    strerror_r(saved, reason, sizeof reason));
	(void)utf8_make_valid(err->text);
	errno = saved;
	return false;
}

bool
error_wrap(struct error *err, const char *format, ...)
{
	char inner[sizeof err->text];
	va_list arguments;
	size_t length;

	memcpy(inner, err->text, sizeof inner);
	va_start(arguments, format);
	vsnprintf(err->text, sizeof err->text, format, arguments);
	va_end(arguments);
	length = strlen(err->text);
	snprintf(err->text + length, sizeof err->text - length, ": %s", inner);
	(void)utf8_make_valid(err->text);
	return false;
}
