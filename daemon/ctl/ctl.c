/*
 * Code that the commands of kabutoctl share.
 */
#include "ctl.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "owner.h"
#include "program.h"
#include "schema.h"
#include "utf8.h"

static void
ctl_say(const char *text)
{
	char line[sizeof((struct error){ 0 }.text)];

	snprintf(line, sizeof line, "%s", text);
	fprintf(stderr, "kabutoctl: %s\n", utf8_printable(line));
}

int
ctl_failed(const struct error *err)
{
	ctl_say(err->text);
	return err->kind == ERROR_BUSY ? EXIT_TRY_AGAIN : EXIT_FAILED;
}

int
ctl_wrong(const char *format, ...)
{
	struct error err;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(err.text, sizeof err.text, format, arguments);
	va_end(arguments);
	ctl_say(err.text);
	return EXIT_USAGE;
}

int
ctl_print_json(json_t *json)
{
	int failed = json == NULL || json_dumpf(json, stdout, JSON_COMPACT) < 0 ||
	    putchar('\n') == EOF || fflush(stdout) != 0;

	json_decref(json);
	if (failed)
		ctl_say("the answer could not be written");
	return failed ? EXIT_FAILED : EXIT_DONE;
}

/* schema_open would create a missing database, which would hide a wrong path. */
static bool
ctl_open_database(const struct ctl *ctl, struct database *db, struct error *err)
{
	if (access(ctl->config->database, F_OK) < 0)
		return error_errno(err, "open the database '%s'", ctl->config->database);
	return schema_open(db, ctl->config->database, err);
}

bool
ctl_open(const struct ctl *ctl, struct spool *spool, struct database *db, struct error *err)
{
	if (!owner_become(ctl->config, err) || !spool_open(spool, ctl->config, false, err))
		return false;
	if (ctl_open_database(ctl, db, err))
		return true;
	spool_close(spool);
	return false;
}
