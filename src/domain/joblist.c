/*
 * The statements of lists of jobs. The filter that names the fewest rows chooses the index.
 */
#include "joblist.h"

#define FILTERS                                                                                    \
	" AND (?1 IS NULL OR account = ?1) AND (?2 IS NULL OR pipeline = ?2)"                      \
	" AND (?3 IS NULL OR image = ?3) AND (?4 IS NULL OR state = ?4) AND " PAGE_PART(           \
	    "name") " AND NOT deleted"
#define SOURCE(index, key) PAGE_SOURCE(JOB_ROW, "job " index, "id", key, FILTERS)

static const struct page_source by_pipeline = SOURCE("INDEXED BY job_pipeline_id", "pipeline = ?2"),
				by_image = SOURCE("INDEXED BY job_image", "image = ?3"),
				by_account_state = SOURCE("INDEXED BY job_account_state",
				    "account = ?1 AND state = ?4"),
				by_account = SOURCE("INDEXED BY job_account", "account = ?1"),
				by_state = SOURCE("INDEXED BY job_state", "state = ?4"),
				all = SOURCE("NOT INDEXED", "TRUE");

/*
 * Chooses the statements for a list whose pipeline or image is the account's. *filtered gets
 * whether a filter remains that their index does not serve.
 */
static const struct page_source *
joblist_source(const struct joblist_filter *filter, bool of_pipeline, bool of_image, bool *filtered)
{
	*filtered = true;
	if (of_pipeline)
		return &by_pipeline;
	if (of_image)
		return &by_image;
	*filtered = filter->name != NULL || filter->pipeline != 0 || filter->image != 0;
	if (filter->account != 0)
		return filter->state != NULL ? &by_account_state : &by_account;
	return filter->state != NULL ? &by_state : &all;
}

struct joblist_each {
	joblist_visit *visit;
	void *context;
};

static bool
joblist_visit_row(struct statement *st, void *context, struct error *err)
{
	const struct joblist_each *each = context;
	struct job job;
	bool more = job_take(st, &job, err) && each->visit(&job, each->context, err);

	job_clear(&job);
	return more;
}

bool
joblist_each(struct database *db, const struct account *viewer, const struct joblist_filter *filter,
    struct page *page, joblist_visit *visit, void *context, struct error *err)
{
	struct joblist_filter own = *filter;
	struct joblist_each each = { visit, context };
	const struct page_source *source;
	bool of_pipeline, of_image, filtered;

	if (!viewer->admin)
		own.account = viewer->id;
	if (!page_owns(db, "SELECT 1 FROM pipeline WHERE id = ? AND account = ?", own.pipeline,
		own.account, &of_pipeline, err) ||
	    !page_owns(db, "SELECT 1 FROM image WHERE id = ? AND account = ?", own.image,
		own.account, &of_image, err))
		return false;
	source = joblist_source(&own, of_pipeline, of_image, &filtered);
	return page_each(db, source, page,
	    (struct sql_value[PAGE_VALUES]){
		N(own.account), N(own.pipeline), N(own.image), T(own.state), T(own.name) },
	    filtered, joblist_visit_row, &each, err);
}
