/*
 * Handles API tokens. An account sees only its own tokens; this holds for admins too.
 */
#include "tokens.h"

#include "commit.h"
#include "list.h"
#include "response.h"
#include "token.h"

#define DAYS_MOST 3650 /* days until a token expires */

const struct parameter tokens_create_parameters[] = {
	{ .name = "name", .type = PARAMETER_TEXT, .required = true, .least = 1, .most = 255 },
	{ .name = "expires_in", .type = PARAMETER_NUMBER, .least = 1, .most = DAYS_MOST },
	{ 0 },
};

bool
tokens_create(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);
	char value[API_TOKEN_TEXT];
	int64_t id;

	if (db == NULL ||
	    !token_create(db, req->caller.account.id, request_text(req, "name"),
		request_number(req, "expires_in", 0), &id, value, err))
		return false;
	commit_object(req, id);
	return response_pack(res, err, 200, "{s:I, s:s}", "id", (json_int_t)id, "token", value);
}

static bool
tokens_add_token(const struct token *token, void *context, struct error *err)
{
	return list_add(context, token->id,
	    json_pack("{s:I, s:s, s:o, s:o, s:o}", "id", (json_int_t)token->id, "name", token->name,
		"creation_date", response_time(token->created_at), "expires_at",
		response_time(token->expires_at), "used_at", response_time(token->used_at)),
	    err);
}

static bool
tokens_add_all(struct list *list, struct error *err)
{
	struct request *req = list->req;

	return token_each(req->db, req->caller.account.id, list->page.after,
	    list->limit > 0 ? list->page.limit : INT64_MAX, tokens_add_token, list, err);
}

bool
tokens_list(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind all = { true, tokens_add_all };

	return list_answer(req, res, &all, err);
}

static bool
tokens_add_one(struct list *list, struct error *err)
{
	struct request *req = list->req;

	return token_show(req->db, req->caller.account.id, request_id(req, "token"),
	    tokens_add_token, list, err);
}

bool
tokens_show(struct request *req, struct response *res, struct error *err)
{
	static const struct list_kind one = { true, tokens_add_one };

	return list_answer_whole(req, res, &one, err);
}

bool
tokens_delete(struct request *req, struct response *res, struct error *err)
{
	struct database *db = commit_begin(req, err);

	if (db == NULL || !token_erase(db, req->caller.account.id, request_id(req, "token"), err))
		return false;
	return response_pack(res, err, 200, "{s:s}", "status", "Successfully deleted the token");
}
