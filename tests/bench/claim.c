/*
 * Choosing and claiming the next job, by Kabuto's own functions, as its spooler does it.
 *
 * usage: claim DATABASE COUNT
 *
 * Chooses COUNT times, then claims and ends as many jobs. Prints the median of each in us:
 * choosing, claiming (which chooses twice and commits), ending. The queue is COUNT jobs shorter
 * after it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "database.h"
#include "job.h"
#include "jobstate.h"
#include "queue.h"

#define NS_PER_US   1e3
#define SLOT        1
#define RUNNING_MAX 4 /* of one account */

static struct error err;

static void __attribute__((noreturn)) die(const char *doing)
{
	fprintf(stderr, "claim: %s: %s\n", doing, err.text);
	exit(1);
}

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / NS_PER_US;
}

static int
compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void
print_median(const char *what, double *took, int count)
{
	qsort(took, (size_t)count, sizeof took[0], compare);
	printf("%s %.1f\n", what, took[count / 2]);
}

static double
choose(struct database *db)
{
	double begun = now_us();
	int64_t pipeline = 0;

	if (!queue_pick(db, RUNNING_MAX, &pipeline, &err) || pipeline == 0)
		die("choose a job");
	return now_us() - begun;
}

/* Claims a job and ends it, which lets its pipeline's next one into the queue. */
static void
claim(struct database *db, double *claimed, double *ended)
{
	double begun = now_us(), between;
	char old_results[NAME_TEXT];
	struct job job;

	if (!jobstate_claim(db, SLOT, RUNNING_MAX, &job, &err) || job.id == 0)
		die("claim a job");
	between = now_us();
	job.has_response = true;
	if (!jobstate_end(db, &job, old_results, &err))
		die("end a job");
	*claimed = between - begun;
	*ended = now_us() - between;
	job_clear(&job);
}

int
main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0;
	double *chosen = calloc((size_t)count + 1, sizeof chosen[0]);
	double *claimed = calloc((size_t)count + 1, sizeof claimed[0]);
	double *ended = calloc((size_t)count + 1, sizeof ended[0]);
	struct database db;

	if (count < 1 || chosen == NULL || claimed == NULL || ended == NULL) {
		fprintf(stderr, "usage: claim DATABASE COUNT\n");
		return 2;
	}
	if (!schema_open(&db, argv[1], &err))
		die("open the database");
	for (int i = 0; i < count; i++)
		chosen[i] = choose(&db);
	for (int i = 0; i < count; i++)
		claim(&db, &claimed[i], &ended[i]);
	connection_close(&db);
	print_median("choose", chosen, count);
	print_median("claim", claimed, count);
	print_median("end", ended, count);
	free(chosen);
	free(claimed);
	free(ended);
	return 0;
}
