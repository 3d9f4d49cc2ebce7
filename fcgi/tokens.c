/*
 * Calls on API tokens. An account sees its own alone: an admin has no use for another one's.
 */
#include "tokens.h"

#include "list.h"
#include "response.h"
#include "token.h"

#define DAYS_MOST 3650

const struct parameter tokens_create_parameters[] = {
	{ .name = "name", .type = PARAMETER_TEXT, .required = true, .least = 1, .most = 255 },
	{ .name = "expires_in", .type = PARAMETER_NUMBER, .least = 1, .most = DAYS_MOST },
	{ 0 },
};

bool
tokens_create(struct request *req, struct error *err)
{
	struct database *db = request_change(req, err);
	char value[API_TOKEN_TEXT];
	int64_t id;

	if (db == NULL ||
	    !token_create(db, req->account.id, request_text(req, "name"),
		request_number(req, "expires_in", 0), &id, value, err))
		return false;
	req->object = id;
	return response_pack(req, 200, "{s:I, s:s}", "id", (json_int_t)id, "token", value);
}

static bool
add_token(const struct token *token, void *context, struct error *err)
{
	return list_add(context, token->id,
	    json_pack("{s:I, s:s, s:o, s:o, s:o}", "id", (json_int_t)token->id, "name", token->name,
		"creation_date", response_time(token->created_at), "expires_at",
		response_time(token->expires_at), "used_at", response_time(token->used_at)),
	    err);
}

bool
tokens_list(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);
	cleanup_list struct list list = { 0 };

	return db != NULL && list_begin_page(&list, req, '{', err) &&
	    token_each(db, req->account.id, list.after, list.fetch, add_token, &list, err) &&
	    list_end(&list);
}

bool
tokens_show(struct request *req, struct error *err)
{
	struct database *db = request_database(req, err);
	cleanup_list struct list list = { 0 };

	list_begin(&list, req, '{');
	return db != NULL && token_show(db, req->account.id, req->ids[0], add_token, &list, err) &&
	    list_end(&list);
}

bool
tokens_delete(struct request *req, struct error *err)
{
	struct database *db = request_change(req, err);

	if (db == NULL || !token_delete(db, req->account.id, req->ids[0], err))
		return false;
	return response_pack(req, 200, "{s:s}", "status", "Successfully deleted the token");
}
