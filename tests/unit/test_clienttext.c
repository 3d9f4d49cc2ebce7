/*
 * What kabuto says of a job: why it is in its state and what to do, times, and texts of others.
 */
#include "support.h"

#include "display.h"
#include "jobtext.h"
#include "reason.h"
#include "settings.h"
#include "table.h"

static void
test_reason_says_what_happened_and_what_to_do(void **state)
{
	static const struct {
		const char *job; /* besides the id */
		const char *text, *next;
		bool look;
	} rows[] = {
		{ "'state':'done'", "It ended with exit code 0.", "", false },
		{ "'state':'failed','error':'exit code 3'", "It failed: exit code 3.",
		    "Look at its log: kabuto logs 12", true },
		{ "'state':'failed','error':'exit code 127: not found'",
		    "It failed: exit code 127: not found.", "Its command was not found.", true },
		{ "'state':'failed','error':'out of memory (limit 512 MiB)','memory':536870912",
		    "It failed: out of memory (limit 512 MiB).", "kabuto rerun 12 --memory 1g",
		    false },
		{ "'state':'failed','error':'out of memory','memory':16777216", "out of memory",
		    "--memory 64m", false },
		{ "'state':'failed','error':'out of memory','memory':500000000", "out of memory",
		    "--memory 960m", false },
		{ "'state':'failed','error':'out of memory','memory':5368709120", "out of memory",
		    "--memory 10g", false },
		{ "'state':'failed','error':'timed out after 60 s','timeout':60", "timed out",
		    "kabuto rerun 12 --timeout 120", true },
		{ "'state':'failed','error':'the image has no program \\'x\\''", "no program",
		    "use an image that has the program", false },
		{ "'state':'failed','error':'user: the image has no user x: use another'",
		    "use another.", "", false },
		{ "'state':'failed','error':'killed by its owner'", "killed by its owner",
		    "kabuto rerun 12", false },
		{ "'state':'failed','error':'the engine lost the container while the job ran'",
		    "the engine lost", "not the job's fault", false },
		{ "'state':'failed','error':'the image is gone: build it again','image':{'id':3}",
		    "the image is gone", "kabuto build --image 3", false },
		{ "'state':'failed','error':null", "no reason is known", "kabuto logs 12", true },
		{ "'state':'failed','error':'100%s'", "It failed: 100%s.", "kabuto logs 12", true },
		{ "'state':'ready','error':null,'pipeline':{'id':7}", "not been submitted",
		    "kabuto submit 7", false },
		{ "'state':'ready','error':'cancelled','pipeline':{'id':7}",
		    "It is not in the queue: cancelled.", "kabuto submit 7", false },
		{ "'state':'in_queue','queue':{'position':2,'reason':'all 4 slots are taken','eta_s':90}",
		    "It waits at place 2 of its pipeline: all 4 slots are taken. It should start in about 1 min 30 s.",
		    "", false },
		{ "'state':'in_queue','queue':{'position':1,'reason':'less than 2 GiB of disk free','eta_s':null}",
		    "less than 2 GiB of disk free.", "Nothing is lost", false },
		{ "'state':'in_queue','queue':{'position':1,'reason':'all 4 slots are taken','eta_s':0}",
		    "all 4 slots are taken. It should start soon.", "", false },
		{ "'state':'in_queue','pipeline':{'id':7},'queue':{'position':1,'reason':'2 of its pipeline\\u0027s jobs run; max_parallel allows no more','eta_s':null}",
		    "max_parallel", "kabuto api -d max_parallel=4 PUT /pipeline/7", false },
		{ "'state':'in_queue','queue':{'position':1,'reason':'2 of the account\\u0027s jobs run; its limit allows no more','eta_s':null}",
		    "limit", "kabuto ps --state running", false },
		{ "'state':'ready','queue':{'position':null,'reason':'its image is being built (build 7)','eta_s':null}",
		    "It waits: its image is being built (build 7).", "", false },
		{ "'state':'running','attempt':2,'timeout':7200,'started_at':'2026-01-01T00:00:00.000Z'",
		    "after an earlier attempt", "stopped after 2 h at the latest", false },
		{ "", "not been submitted", "", false },
	};
	struct reason reason;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		json_t *job;

		snprintf(text, sizeof text, "{'id':12%s%s}", rows[i].job[0] != '\0' ? "," : "",
		    rows[i].job);
		for (char *c = text; *c != '\0'; c++)
			*c = *c == '\'' ? '"' : *c;
		job = json_loads(text, 0, NULL);
		assert_non_null(job);
		reason_explain(job, &reason);
		row_check(failed, strstr(reason.text, rows[i].text) != NULL, "%s: %s", rows[i].job,
		    reason.text);
		row_check(failed,
		    rows[i].next[0] != '\0' || rows[i].job[0] == '\0'
			? strstr(reason.next, rows[i].next) != NULL
			: reason.next[0] == '\0',
		    "%s: %s", rows[i].job, reason.next);
		row_check(failed, reason.look == rows[i].look, "%s", rows[i].job);
		json_decref(job);
	}
	rows_end(failed);
}

static void
test_seconds_have_two_units_at_most(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {
		{ 0, "0.0 s" },
		{ 0.44, "0.4 s" },
		{ 9.94, "9.9 s" },
		{ 12.4, "12 s" },
		{ 59.6, "1 min" },
		{ 60, "1 min" },
		{ 200, "3 min 20 s" },
		{ 3600, "1 h" },
		{ 18120, "5 h 2 min" },
		{ 86400, "1 d" },
		{ 273600, "3 d 4 h" },
		{ -5, "0.0 s" },
		{ 9e18, "11574074 d 1 h" },
		{ 1e308, "11574074 d 1 h" },
		{ -1e308, "0.0 s" },
	};
	char text[JOBTEXT];
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_check(failed,
		    strcmp(jobtext_format_seconds(rows[i].seconds, text), rows[i].text) == 0,
		    "%g: %s", rows[i].seconds, text);
	rows_end(failed);
}

static void
test_times_are_read_to_the_millisecond(void **state)
{
	int64_t time;

	(void)state;
	assert_true(jobtext_parse_time("2026-11-23T08:30:00.123Z", &time));
	assert_int_equal(time, INT64_C(1795422600123));
	assert_true(jobtext_parse_time("1970-01-01T00:00:01Z", &time));
	assert_int_equal(time, 1000);
	assert_false(jobtext_parse_time("", &time));
	assert_false(jobtext_parse_time("yesterday", &time));
	assert_false(jobtext_parse_time(NULL, &time));
}

static void
test_texts_of_others_have_no_control_characters(void **state)
{
	static const struct {
		const char *text, *clean;
	} rows[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "a\033[31mb", "a?[31mb" },
		{ "a\nb\tc\rd\x7f", "a?b?c?d?" },
		{ "caf\xc3\xa9 \xe6\x97\xa5", "caf\xc3\xa9 \xe6\x97\xa5" },
		{ "a\xc2\x9b"
		  "31m",
		    "a?31m" }, /* CSI in C1 */
		{ "txt.\xe2\x80\xae"
		  "exe",
		    "txt.?exe" },                       /* U+202E */
		{ "\xe2\x81\xa6x\xe2\x81\xa9", "?x?" }, /* U+2066, U+2069 */
		{ "bad \xff\xc3", "bad ?" },
	};
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *clean = display_clean(rows[i].text);

		row_check(failed, clean != NULL && strcmp(clean, rows[i].clean) == 0,
		    "row %zu: '%s'", i, clean);
		free(clean);
	}
	rows_end(failed);
}

static void
test_url_of_a_server_is_checked(void **state)
{
	static const struct {
		const char *text, *url; /* NULL: refused */
	} rows[] = {
		{ "http://127.0.0.1:5000", "http://127.0.0.1:5000" },
		{ "https://kabuto.example/", "https://kabuto.example" },
		{ "https://kabuto.example/a/b///", "https://kabuto.example/a/b" },
		{ "kabuto.example:5000", "http://kabuto.example:5000" },
		{ "HTTPS://Kabuto.Example", "HTTPS://Kabuto.Example" },
		{ "http://[::1]:5000", "http://[::1]:5000" },
		{ "", NULL },
		{ "http://", NULL },
		{ "https:///x", NULL },
		{ "http://:80", NULL },
		{ "ftp://x", NULL },
		{ "file:///etc/passwd", NULL },
		{ "http://a@b", NULL },
		{ "http://a:b@c", NULL },
		{ "http://a?b", NULL },
		{ "http://a#b", NULL },
		{ "http://a b", NULL },
		{ "http://a\nb", NULL },
		{ "http://a\\b", NULL },
		{ "http://caf\xc3\xa9", NULL },
		{ "-x", NULL },
		{ "http://-x", NULL },
	};
	struct error err;
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *url = NULL;
		bool good = settings_check_url(rows[i].text, &url, &err);

		row_check(failed, good == (rows[i].url != NULL), "'%s'", rows[i].text);
		row_check(failed, !good || strcmp(url, rows[i].url) == 0, "'%s': %s", rows[i].text,
		    url);
		free(url);
	}
	rows_end(failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason_says_what_happened_and_what_to_do),
		cmocka_unit_test(test_seconds_have_two_units_at_most),
		cmocka_unit_test(test_times_are_read_to_the_millisecond),
		cmocka_unit_test(test_texts_of_others_have_no_control_characters),
		cmocka_unit_test(test_url_of_a_server_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
