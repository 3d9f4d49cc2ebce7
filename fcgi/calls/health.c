/*
 * Answers GET /healthz: 200, or 503 with an error that says what is wrong and what to do.
 */
#include "health.h"

#include "log.h"
#include "response.h"
#include "service.h"

static bool
health_check(struct request *req, struct error *err)
{
	struct service_status status;
	struct database *db = request_database(req, err);

	return db != NULL && service_read(db, &status, err) && service_check(&status, err) &&
	    spool_has_room(&req->server->spool, req->config, err);
}

bool
health_show(struct request *req, struct response *res, struct error *err)
{
	if (health_check(req, err))
		return response_pack(res, err, 200, "{s:s}", "status", "ok");
	/* Anybody may call this, so details such as paths are only in the log. */
	if (err->kind == ERROR_SYSTEM) {
		log_write(LOG_ERROR, "healthz: %s", err->text);
		error_set(err, ERROR_SYSTEM, "an internal error occurred; the log has the reason");
	}
	return response_pack(res, err, 503, "{s:s, s:s}", "status", "error", "error", err->text);
}
