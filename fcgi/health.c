/*
 * GET /healthz: 200, or 503 with what is wrong and what to do about it.
 */
#include "health.h"

#include "message.h"
#include "quantity.h"
#include "response.h"
#include "service.h"

#define SILENT_MS (30 * MS_PER_S)

static bool
check_spooler(const struct service_status *status, struct error *err)
{
	int64_t silent_ms = time_now_ms() - status->seen_at;
	char since[QUANTITY_TEXT];

	if (!status->known)
		return error_set(err, ERROR_AWAY, "no spooler has run yet: start kabuto-spooler");
	if (silent_ms > SILENT_MS)
		return error_set(err, ERROR_AWAY,
		    "the spooler (pid %lld) has been silent for %lld s: is it running? its log says why not",
		    (long long)status->pid, (long long)(silent_ms / MS_PER_S));
	if (status->engine_away_since != 0)
		return error_set(err, ERROR_AWAY, "the engine does not answer since %s: %s",
		    time_format(status->engine_away_since, since), status->engine_error);
	return true;
}

static bool
check(struct request *req, struct error *err)
{
	struct service_status status;
	struct database *db = request_database(req, err);

	return db != NULL && service_read(db, &status, err) && check_spooler(&status, err) &&
	    spool_has_room(&req->server->spool, req->server->config, err);
}

bool
health_show(struct request *req, struct error *err)
{
	if (check(req, err))
		return response_pack(req, 200, "{s:s}", "status", "ok");
	/* Anybody may ask: what names paths of this machine is for its operator's log. */
	if (err->kind == ERROR_SYSTEM)
		log_write(LOG_ERROR, "healthz: %s", err->text);
	return response_pack(req, 503, "{s:s, s:s}", "status", "error", "error",
	    err->kind == ERROR_SYSTEM ? "something failed here; the log has the reason"
				      : err->text);
}
