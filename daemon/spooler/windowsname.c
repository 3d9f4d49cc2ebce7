/*
 * Checks names by the rules of Windows.
 */
#include "windowsname.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Returns whether the name is that of a device: it is reserved in each folder. */
static bool
windowsname_is_device(const char *name)
{
	static const char *const devices[] = { "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$" };
	size_t length = strcspn(name, "."); /* also with an extension */

	while (length > 0 && name[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
		if (strlen(devices[i]) == length && strncasecmp(name, devices[i], length) == 0)
			return true;
	return length == 4 && isdigit((unsigned char)name[3]) &&
	    (strncasecmp(name, "COM", 3) == 0 || strncasecmp(name, "LPT", 3) == 0);
}

bool
windowsname_fits(const char *name)
{
	size_t length = strlen(name);

	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || strchr("<>:\"/\\|?*", *c) != NULL)
			return false;
	return length > 0 && name[length - 1] != '.' && name[length - 1] != ' ' &&
	    !windowsname_is_device(name);
}
