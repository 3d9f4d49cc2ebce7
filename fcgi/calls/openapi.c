/*
 * Sends openapi.json, which is compiled into this program. Tests compare it with the table of
 * routes, and compare all answers of the end-to-end tests with it.
 */
#include "openapi.h"

#include <string.h>

#include "openapi_text.h" /* openapi_text, made from openapi.json */
#include "response.h"

static bool
openapi_write(struct request *req, struct response *res, struct error *err)
{
	(void)req;
	(void)err;
	response_header(res, "Content-Length: %zu", strlen(openapi_text));
	response_write(res, openapi_text, strlen(openapi_text));
	return true;
}

bool
openapi_show(struct request *req, struct response *res, struct error *err)
{
	(void)req;
	(void)err;
	return response_stream(res, JSON_TYPE, openapi_write, NULL);
}
