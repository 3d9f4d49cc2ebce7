/*
 * Writes times, durations and states of jobs.
 */
#include "jobtext.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "clock.h"

#define SECONDS_MOST 1e12 /* longer ones are shown as this one, which a long holds */

const char *
jobtext_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

int64_t
jobtext_id(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	if (json_is_object(member))
		member = json_object_get(member, "id");
	return json_integer_value(member);
}

bool
jobtext_parse_time(const char *text, int64_t *time_ms)
{
	struct tm parts = { 0 };
	const char *rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
	int ms = 0;

	if (rest == NULL)
		return false;
	if (rest[0] == '.')
		(void)sscanf(rest, ".%3d", &ms);
	*time_ms = (int64_t)timegm(&parts) * MS_PER_S + ms;
	return true;
}

const char *
jobtext_format_seconds(double seconds, char text[static JOBTEXT])
{
	static const struct {
		long size;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	long whole;
	size_t i = 0;

	if (seconds < 59.5) {
		snprintf(text, JOBTEXT, "%.*f s", seconds < 9.95 ? 1 : 0,
		    seconds > 0 ? seconds : 0.0);
		return text;
	}
	whole = (long)((seconds < SECONDS_MOST ? seconds : SECONDS_MOST) + 0.5);
	while (whole < units[i].size)
		i++;
	if (whole % units[i].size / units[i + 1].size == 0)
		snprintf(text, JOBTEXT, "%ld %s", whole / units[i].size, units[i].unit);
	else
		snprintf(text, JOBTEXT, "%ld %s %ld %s", whole / units[i].size, units[i].unit,
		    whole % units[i].size / units[i + 1].size, units[i + 1].unit);
	return text;
}

const char *
jobtext_format_age(const char *time, char text[static JOBTEXT])
{
	int64_t then, seconds;

	text[0] = '\0';
	if (!jobtext_parse_time(time, &then))
		return text;
	seconds = (clock_now_ms() - then) / MS_PER_S;
	if (seconds < 60)
		snprintf(text, JOBTEXT, "%lld s", (long long)(seconds > 0 ? seconds : 0));
	else if (seconds < 3600)
		snprintf(text, JOBTEXT, "%lld min", (long long)(seconds / 60));
	else if (seconds < 2 * 86400)
		snprintf(text, JOBTEXT, "%lld h", (long long)(seconds / 3600));
	else
		snprintf(text, JOBTEXT, "%lld d", (long long)(seconds / 86400));
	return text;
}

const char *
jobtext_format_time(const char *time, char text[static JOBTEXT])
{
	char age[JOBTEXT], day[24] = "";
	int64_t then;
	time_t seconds;
	struct tm local;

	text[0] = '\0';
	if (!jobtext_parse_time(time, &then))
		return text;
	seconds = (time_t)(then / MS_PER_S);
	if (localtime_r(&seconds, &local) != NULL)
		strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &local);
	snprintf(text, JOBTEXT, "%s (%.16s ago)", day, jobtext_format_age(time, age));
	return text;
}

double
jobtext_run_seconds(const json_t *job)
{
	int64_t begin, end;

	if (!jobtext_parse_time(json_string_value(json_object_get(job, "started_at")), &begin))
		return -1;
	if (!jobtext_parse_time(json_string_value(json_object_get(job, "finished_at")), &end))
		end = clock_now_ms();
	return end > begin ? (double)(end - begin) / (double)MS_PER_S : 0;
}

enum display_colour
jobtext_state_colour(const char *state)
{
	if (strcmp(state, "done") == 0)
		return DISPLAY_GREEN;
	if (strcmp(state, "failed") == 0)
		return DISPLAY_RED;
	if (strcmp(state, "running") == 0)
		return DISPLAY_BLUE;
	return strcmp(state, "in_queue") == 0 ? DISPLAY_YELLOW : DISPLAY_DIM;
}

const char *
jobtext_state(const char *state)
{
	static const char *const states[] = { "ready", "running", "done", "failed" };

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(state, states[i]) == 0)
			return states[i];
	return strcmp(state, "in_queue") == 0 ? "in queue" : "unknown";
}
