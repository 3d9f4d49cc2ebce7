/*
 * Bodies of calls, as body.c reads them, with the tables of the real routes: what comes through
 * keeps to its table. Input: the table, 1 for a form and 0 for JSON, a seed for the cuts, the body.
 */
#include "fuzz.h"

#include <fcgiapp.h>
#include <math.h>

#include "fcgi/calls/accounts.h"
#include "fcgi/body.h"
#include "fcgi/calls/images.h"
#include "fcgi/calls/jobs.h"
#include "fcgi/calls/logs.h"
#include "fcgi/calls/pipelines.h"
#include "fcgi/calls/reruns.h"
#include "fcgi/calls/runs.h"
#include "fcgi/request.h"
#include "fcgi/route.h"
#include "utf8.h"

static const struct parameter *const tables[] = { accounts_register_parameters,
	accounts_login_parameters, accounts_password_parameters, images_create_parameters,
	jobs_create_parameters, jobs_list_parameters, jobs_show_parameters, logs_show_parameters,
	pipelines_create_parameters, reruns_job_parameters, runs_create_parameters };

/* The body as libfcgi hands it on. */
struct reader {
	uint8_t *at;
	size_t left;
	struct cuts cuts;
};

static void
fill(FCGX_Stream *stream)
{
	struct reader *reader = stream->data;
	size_t length = cuts_next(&reader->cuts, reader->left);

	stream->isClosed = reader->left == 0;
	stream->rdNext = reader->at;
	reader->at += length;
	reader->left -= length;
	stream->stop = reader->at;
}

static void
check_value(const struct value *value)
{
	const struct parameter *p = value->parameter;
	int64_t unit = p->type == PARAMETER_DECIMAL ? 1000 : 1;
	size_t length = strlen(value->text);
	double number = p->type == PARAMETER_DECIMAL ? value->decimal : (double)value->number;

	assert(length <= TEXT_MOST && utf8_valid(value->text, length));
	assert(isfinite(value->decimal));
	switch (p->type) {
	case PARAMETER_TEXT:
	case PARAMETER_TEXTS:
	case PARAMETER_PAIRS:
	case PARAMETER_PATH:
	case PARAMETER_COMMAND:
		assert((int64_t)length >= p->least && (p->most == 0 || (int64_t)length <= p->most));
		break;
	case PARAMETER_NUMBER:
	case PARAMETER_DECIMAL:
	case PARAMETER_BYTES:
		assert(number * (double)unit >= (double)p->least);
		assert(p->most == 0 || number * (double)unit <= (double)p->most);
		break;
	case PARAMETER_ID:
		assert(value->number >= 0);
		break;
	case PARAMETER_BOOLEAN:
	case PARAMETER_FLAG:
		assert(value->number == 0 || value->number == 1);
		break;
	case PARAMETER_CHOICE:
		assert(strchr(value->text, ' ') == NULL && strstr(p->choices, value->text) != NULL);
		break;
	case PARAMETER_FILES:
		assert(false);
	}
}

static void
check_values(const struct values *values, const struct parameter *table)
{
	size_t bytes = 0;

	for (size_t i = 0; i < values->count; i++) {
		check_value(&values->items[i]);
		bytes += strlen(values->items[i].text);
	}
	assert(bytes == values->bytes && values->count <= VALUES_MOST && bytes <= TEXTS_MOST);
	for (const struct parameter *p = table; p->name != NULL; p++) {
		size_t count = 0;

		for (size_t i = 0; i < values->count; i++)
			count += values->items[i].parameter == p;
		assert(count <= 1 || p->type == PARAMETER_PAIRS);
		assert(count >= 1 || !p->required);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config config = { .request_limit = 1 << 30, .upload_max = 1 };
	static char method[] = "REQUEST_METHOD=POST", json[] = "CONTENT_TYPE=application/json",
		    form[] = "CONTENT_TYPE=application/x-www-form-urlencoded";
	struct input input = { data, size };
	const struct route route = {
		.parameters = tables[input_byte(&input) % (sizeof tables / sizeof *tables)]
	};
	char *environment[] = { method, (input_byte(&input) & 1) != 0 ? form : json, NULL };
	struct reader reader = { .cuts = cuts_of(input_byte(&input)), .left = input.size };
	cleanup_free char *body = input_take(&input, &reader.left);
	FCGX_Stream stream = { .isReader = 1, .fillBuffProc = fill, .data = &reader };
	FCGX_Request fcgi = { .in = &stream, .envp = environment };
	struct error err = { .kind = ERROR_NONE };
	struct server server = { .config = &config };
	struct request req;

	reader.at = (uint8_t *)body;
	request_begin(&req, &server, &fcgi);
	req.route = &route;
	if (body_read_query(&req, &err) && body_read(&req, &err) &&
	    parameter_check_complete(&req.values, route.parameters, &err))
		check_values(&req.values, route.parameters);
	else
		assert(err.text[0] != '\0' && utf8_valid(err.text, strlen(err.text)));
	request_clear(&req);
	return 0;
}
