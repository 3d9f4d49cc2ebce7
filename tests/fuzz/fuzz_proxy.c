/*
 * Heads of requests to a checkout's proxy: host and port are such, and what goes on to the host is
 * one head without our headers, before the bytes that followed it. Input: these.
 */
#include "fuzz.h"

#include <ctype.h>

/* What it does with a head is static. */
#include "daemon/spooler/clone/proxy.c"

static void
check_rewritten(struct flow *flow, size_t head, const struct request_line *line)
{
	size_t rest = flow->length - head, length;
	cleanup_free char *tail = malloc(rest + 1);
	const char *end;

	assert(tail != NULL);
	memcpy(tail, flow->bytes + head, rest);
	if (!proxy_rewrite_head(flow, head, line))
		return;
	assert(flow->length <= HEAD_MOST && flow->length >= rest);
	assert(memcmp(flow->bytes + flow->length - rest, tail, rest) == 0);
	flow->bytes[flow->length] = '\0';
	end = strstr(flow->bytes, "\r\n\r\n");
	assert(end != NULL && (size_t)(end + 4 - flow->bytes) == flow->length - rest);
	for (const char *at = flow->bytes; (at = proxy_next_line(at, &length)) != NULL;)
		assert(strncasecmp(at, "Proxy-", 6) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proxy proxy = { .password = "0123456789abcdef0123456789abcdef" };
	static struct flow flow;
	struct request_line line = { 0 };
	char *end;

	flow.length = size < HEAD_MOST ? size : HEAD_MOST;
	memcpy(flow.bytes, data, flow.length);
	flow.bytes[flow.length] = '\0';
	end = strstr(flow.bytes, "\r\n\r\n");
	if (end == NULL)
		return 0;
	(void)proxy_is_authorized(&proxy, flow.bytes);
	if (!proxy_request_line_parse(flow.bytes, &line))
		return 0;
	assert(line.host[0] != '\0' && strlen(line.host) < sizeof line.host);
	assert(line.port[0] != '\0' && strspn(line.port, "0123456789") == strlen(line.port));
	assert(strpbrk(line.host, " \r\n@/") == NULL);
	if (!line.connect)
		check_rewritten(&flow, (size_t)(end + 4 - flow.bytes), &line);
	return 0;
}
