/*
 * Pulls images with the credentials of the configured registry.
 */
#include "imagepull.h"

#include "clock.h"
#include "engine_registry.h"
#include "registry.h"

bool
imagepull_run(struct worker *worker, const struct imagename *name, struct error *err)
{
	const struct config *config = worker->config;
	cleanup_login struct registry_login login = { 0 };
	const struct image_transfer transfer = { .login = &login,
		.image = name->remote,
		.timeout_ms = config->registry.timeout * MS_PER_S };

	if (!registry_log_in(config, &login, err))
		return false;
	if (login.address == NULL)
		return error_set(err, ERROR_NOT_FOUND, "no registry is configured");
	if (!engine_registry_pull(&worker->engine, &transfer, err))
		return false;
	if (engine_registry_tag(&worker->engine, name->remote, name->local, err))
		return true;
	if (err->kind == ERROR_NOT_FOUND)
		err->kind = ERROR_SYSTEM; /* it was removed again: try once more */
	return false;
}
