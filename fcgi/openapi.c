/*
 * openapi.json as it was when this program was built. Tests hold it against the table of routes,
 * and every answer of the end-to-end tests against it.
 */
#include "openapi.h"

#include <string.h>

#include "openapi_text.h" /* openapi_text, made from openapi.json */
#include "response.h"

bool
openapi_show(struct request *req, struct error *err)
{
	(void)err;
	response_header(req, "Content-Length: %zu", strlen(openapi_text));
	response_begin(req, 200, "application/json; charset=utf-8");
	response_write(req, openapi_text, strlen(openapi_text));
	return true;
}
