/*
 * The tables of Kabuto's database, and their versions. schema.sql creates the newest version;
 * schema_steps[i] turns version i + 1 into version i + 2.
 */
#include "schema.h"

#include "migration.h"
#include "schema_3_text.h" /* schema_3_text, made from schema_3.sql */
#include "schema_text.h"   /* schema_text, made from schema.sql */
#include "secret.h"

#define INSTANCE_LENGTH 8 /* characters; the name of every container contains the instance */

/* Creates the tables, and gives the installation its name. */
static bool
schema_create(struct database *db, struct error *err)
{
	char instance[NAME_TEXT];

	secret_make_name(instance);
	instance[INSTANCE_LENGTH] = '\0';
	return connection_script(db, schema_text, err) &&
	    database_run(db, err, "INSERT INTO setting (name, value) VALUES ('instance', ?)",
		VALUES(T(instance)));
}

static const char *const schema_steps[] = {
	"ALTER TABLE build ADD COLUMN build_arg TEXT;"
	"ALTER TABLE build ADD COLUMN bases TEXT;"
	"ALTER TABLE job ADD COLUMN stderr TEXT NOT NULL DEFAULT 'separate';",
	schema_3_text,
};

static const struct migrations schema_migrations = {
	.create = schema_create,
	.steps = schema_steps,
	.version = 1 + sizeof schema_steps / sizeof schema_steps[0],
};

bool
schema_open(struct database *db, const char *path, struct error *err)
{
	if (!connection_open(db, path, err))
		return false;
	if (migration_run(db, &schema_migrations, err))
		return true;
	connection_close(db);
	return error_wrap(err, "database '%s'", path);
}
