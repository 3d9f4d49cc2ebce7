/*
 * The engine's calls that a job needs, in a bare loop: create, start, wait, inspect, remove. Each
 * thread has a persistent connection and the body of its create call.
 *
 * usage: calls SOCKET COUNT PREFIX BODY_FILE...
 *
 * Runs COUNT containers in as many threads as there are bodies; they are called PREFIX-<number>,
 * and the number stands in the place of each @NUMBER@ of a body. Prints a line for each: when it
 * was begun and when its end was known, in ns since 1970, and what each call took, in ms.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define NS_PER_S  1000000000LL
#define NS_PER_MS 1e6
#define BODY_MOST (64 * 1024)
#define NUMBER    "@NUMBER@"

static const struct call {
	const char *method;
	const char *path; /* of the container's name */
	long status;
	const char *text; /* that the answer must have; NULL: any will do */
} calls[] = {
	{ "POST", "containers/create?name=%s", 201, NULL },
	{ "POST", "containers/%s/start", 204, NULL },
	{ "POST", "containers/%s/wait?condition=not-running", 200, "\"StatusCode\":0" },
	{ "GET", "containers/%s/json", 200, NULL },
	{ "DELETE", "containers/%s?v=1&force=1", 204, NULL },
};
#define CALLS   (sizeof calls / sizeof calls[0])
#define INSPECT 3 /* behind it the job's end is known */

struct loop {
	pthread_t thread;
	CURL *easy;
	char body[BODY_MOST];
	char answer[512];
	size_t answer_length;
};

static const char *engine_socket, *prefix;
static int count;
static atomic_int next;

static long long
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void __attribute__((noreturn)) die(const char *doing, const char *why)
{
	fprintf(stderr, "calls: %s: %s\n", doing, why);
	exit(1);
}

/* Keeps the beginning of an answer: what a container's exit status is, or why a call failed. */
static size_t
hold(char *data, size_t one, size_t length, void *context)
{
	struct loop *loop = context;
	size_t room = sizeof loop->answer - 1 - loop->answer_length;
	size_t kept = length < room ? length : room;

	memcpy(loop->answer + loop->answer_length, data, kept);
	loop->answer_length += kept;
	loop->answer[loop->answer_length] = '\0';
	return one * length;
}

static void
call(struct loop *loop, const struct call *call, const char *name, const char *body)
{
	static const char *const type = "Content-Type: application/json";
	struct curl_slist headers = { (char *)(size_t)type, NULL };
	char path[256], url[320];
	long status = 0;
	CURLcode result;

	snprintf(path, sizeof path, call->path, name);
	snprintf(url, sizeof url, "http://engine/v1.41/%s", path);
	curl_easy_reset(loop->easy);
	curl_easy_setopt(loop->easy, CURLOPT_UNIX_SOCKET_PATH, engine_socket);
	curl_easy_setopt(loop->easy, CURLOPT_URL, url);
	curl_easy_setopt(loop->easy, CURLOPT_CUSTOMREQUEST, call->method);
	curl_easy_setopt(loop->easy, CURLOPT_HTTPHEADER, &headers);
	curl_easy_setopt(loop->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(loop->easy, CURLOPT_WRITEFUNCTION, hold);
	curl_easy_setopt(loop->easy, CURLOPT_WRITEDATA, loop);
	if (strcmp(call->method, "POST") == 0)
		curl_easy_setopt(loop->easy, CURLOPT_POSTFIELDS, body);
	loop->answer_length = 0;
	loop->answer[0] = '\0';
	result = curl_easy_perform(loop->easy);
	if (result != CURLE_OK)
		die(path, curl_easy_strerror(result));
	curl_easy_getinfo(loop->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != call->status ||
	    (call->text != NULL && strstr(loop->answer, call->text) == NULL))
		die(path, loop->answer);
}

static void
put_number(char to[static BODY_MOST], const char *body, int number)
{
	const char *place;
	size_t length = 0;

	while ((place = strstr(body, NUMBER)) != NULL) {
		length += (size_t)snprintf(to + length, BODY_MOST - length, "%.*s%d",
		    (int)(place - body), body, number);
		if (length >= BODY_MOST)
			die("body", "it is too long");
		body = place + strlen(NUMBER);
	}
	snprintf(to + length, BODY_MOST - length, "%s", body);
}

static void
run_container(struct loop *loop, int number)
{
	long long begun = now_ns(), ended = 0, before;
	double took_ms[CALLS];
	char name[128], body[BODY_MOST];

	put_number(body, loop->body, number);
	snprintf(name, sizeof name, "%s-%d", prefix, number);
	for (size_t i = 0; i < CALLS; i++) {
		before = now_ns();
		call(loop, &calls[i], name, i == 0 ? body : "");
		took_ms[i] = (double)(now_ns() - before) / NS_PER_MS;
		if (i == INSPECT)
			ended = now_ns();
	}
	flockfile(stdout);
	printf("%lld %lld", begun, ended);
	for (size_t i = 0; i < CALLS; i++)
		printf(" %.3f", took_ms[i]);
	putchar('\n');
	funlockfile(stdout);
}

static void *
run_loop(void *argument)
{
	int number;

	while ((number = atomic_fetch_add(&next, 1)) < count)
		run_container(argument, number);
	return NULL;
}

static void
read_body(struct loop *loop, const char *path)
{
	FILE *file = fopen(path, "r");
	size_t length = file == NULL ? 0 : fread(loop->body, 1, sizeof loop->body, file);

	if (length == 0 || length == sizeof loop->body)
		die(path, "it cannot be read");
	loop->body[length] = '\0';
	(void)fclose(file);
}

int
main(int argc, char **argv)
{
	int threads = argc - 4;
	struct loop *loops = calloc(argc > 4 ? (size_t)threads : 1, sizeof loops[0]);

	if (argc < 5 || loops == NULL)
		die("usage", "calls SOCKET COUNT PREFIX BODY_FILE...");
	engine_socket = argv[1];
	count = atoi(argv[2]);
	prefix = argv[3];
	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (int i = 0; i < threads; i++) {
		read_body(&loops[i], argv[4 + i]);
		loops[i].easy = curl_easy_init();
	}
	for (int i = 0; i < threads; i++)
		if (pthread_create(&loops[i].thread, NULL, run_loop, &loops[i]) != 0)
			die("start", "no thread");
	for (int i = 0; i < threads; i++) {
		pthread_join(loops[i].thread, NULL);
		curl_easy_cleanup(loops[i].easy);
	}
	free(loops);
	return 0;
}
