/*
 * Keeps sandboxes ready. Only this process knows which are ready; it finds out again at each start.
 */
#include "sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "emptyimage.h"
#include "engine_container.h"
#include "jobstate.h"
#include "log.h"
#include "mount.h"
#include "number.h"
#include "spooler.h"
#include "worker.h"

#define PER_PROCESSOR 2
#define RETRY_MS      60000 /* after a failure */
#define FAST_MINOR    48    /* the API version of Docker 28, which makes networks fast */
#define CREATE_TRIES  3     /* if late calls of former spoolers are in the way */

static const char *const networks[] = {
	[SANDBOX_NETWORK_NONE] = "none",
	[SANDBOX_NETWORK_BRIDGE] = "bridge",
};
_Static_assert(sizeof networks / sizeof networks[0] == SANDBOX_NETWORKS, "each has a name");

static enum sandbox_network
sandbox_network_of(const char *name)
{
	return strcmp(name, networks[SANDBOX_NETWORK_BRIDGE]) == 0 ? SANDBOX_NETWORK_BRIDGE
								   : SANDBOX_NETWORK_NONE;
}

static void
sandbox_make_name(char name[static SANDBOX_NAME], const struct spooler *spooler, int64_t slot,
    enum sandbox_network network)
{
	snprintf(name, SANDBOX_NAME, "kabuto-%s-sandbox-%lld-%s", spooler->instance,
	    (long long)slot, networks[network]);
}

static bool
sandbox_no_memory(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "start sandboxes: not enough memory");
}

/* Whether the setting switches sandboxes off. Former versions had true and false. */
static bool
sandbox_is_off(const char *setting)
{
	return strcmp(setting, "off") == 0 || strcmp(setting, "false") == 0 ||
	    strcmp(setting, "no") == 0;
}

/*
 * Whether sandboxes are useful with the engine. With Docker 28 the jobs that join one start 2 to 9
 * % faster, with Docker 20.10 41 to 44 % (measured).
 */
static bool
sandbox_is_useful(const char *setting, const struct engine *engine)
{
	return strcmp(setting, "auto") != 0 || engine->podman ||
	    engine_api_minor(engine) < FAST_MINOR;
}

void
sandbox_choose(struct spooler *spooler, const struct engine *engine)
{
	struct sandboxes *all = spooler->sandboxes;
	bool useful = sandbox_is_useful(spooler->config->sandboxes, engine);

	pthread_mutex_lock(&all->lock);
	all->useful = useful;
	pthread_mutex_unlock(&all->lock);
}

bool
sandbox_open_all(struct spooler *spooler, struct error *err)
{
	const struct config *config = spooler->config;
	int64_t most = PER_PROCESSOR * (int64_t)sysconf(_SC_NPROCESSORS_ONLN);
	struct sandboxes *all = calloc(1, sizeof *all);

	if (all == NULL)
		return sandbox_no_memory(err);
	pthread_mutex_init(&all->lock, NULL);
	spooler->sandboxes = all;
	if (sandbox_is_off(config->sandboxes))
		return true;
	all->slots = config->slots < most ? config->slots : most;
	all->states = calloc((size_t)all->slots * SANDBOX_NETWORKS, sizeof all->states[0]);
	all->wanted[sandbox_network_of(config->job.network)] = true;
	return all->states != NULL || sandbox_no_memory(err);
}

void
sandbox_close_all(struct spooler *spooler)
{
	if (spooler->sandboxes == NULL)
		return;
	free(spooler->sandboxes->states);
	pthread_mutex_destroy(&spooler->sandboxes->lock);
	free(spooler->sandboxes);
	spooler->sandboxes = NULL;
}

static enum sandbox_state *
sandbox_state(struct sandboxes *all, int64_t slot, enum sandbox_network network)
{
	return &all->states[slot * SANDBOX_NETWORKS + network];
}

/* Changes the state if it is `from`. Returns whether it was. */
static bool
sandbox_change(struct sandboxes *all, int64_t slot, enum sandbox_network network,
    enum sandbox_state from, enum sandbox_state to)
{
	bool was;

	pthread_mutex_lock(&all->lock);
	was = *sandbox_state(all, slot, network) == from;
	if (was)
		*sandbox_state(all, slot, network) = to;
	pthread_mutex_unlock(&all->lock);
	return was;
}

static void
sandbox_set_state(struct sandboxes *all, int64_t slot, enum sandbox_network network,
    enum sandbox_state state)
{
	pthread_mutex_lock(&all->lock);
	*sandbox_state(all, slot, network) = state;
	pthread_mutex_unlock(&all->lock);
}

bool
sandbox_take(struct spooler *spooler, int64_t slot, const char *network,
    char name[static SANDBOX_NAME])
{
	struct sandboxes *all = spooler->sandboxes;
	bool is = false, asked = false;

	if (slot >= all->slots)
		return false;
	pthread_mutex_lock(&all->lock);
	is = all->useful && *sandbox_state(all, slot, sandbox_network_of(network)) == SANDBOX_READY;
	asked = !all->wanted[sandbox_network_of(network)];
	all->wanted[sandbox_network_of(network)] = true;
	pthread_mutex_unlock(&all->lock);
	if (asked)
		spooler_nudge(spooler);
	sandbox_make_name(name, spooler, slot, sandbox_network_of(network));
	return is;
}

/* Whether jobs may change what kabuto-init does not compare, such as rules of the firewall. */
static bool
sandbox_is_open_to_jobs(const struct config *config)
{
	const struct text_list *capabilities = &config->job.capabilities;

	for (size_t i = 0; i < capabilities->count; i++)
		if (strcasecmp(capabilities->texts[i], "ALL") == 0 ||
		    strcasestr(capabilities->texts[i], "NET_ADMIN") != NULL)
			return true;
	return false;
}

void
sandbox_leave(struct spooler *spooler, int64_t slot, const char *network, bool ended)
{
	struct sandboxes *all = spooler->sandboxes;
	enum sandbox_network n = sandbox_network_of(network);

	if (slot < all->slots &&
	    (!ended || sandbox_is_open_to_jobs(spooler->config) ||
		!sandbox_folder_is_clean(spooler, slot, network)))
		(void)sandbox_change(all, slot, n, SANDBOX_READY, SANDBOX_LEFT);
}

void
sandbox_release(struct spooler *spooler, int64_t slot)
{
	bool changed = false;

	if (slot >= spooler->sandboxes->slots)
		return;
	for (int n = 0; n < SANDBOX_NETWORKS; n++)
		changed |= sandbox_change(spooler->sandboxes, slot, (enum sandbox_network)n,
		    SANDBOX_LEFT, SANDBOX_USED);
	if (changed)
		spooler_nudge(spooler);
}

bool
sandbox_check(struct worker *worker, int64_t slot, const char *network, bool *alive,
    struct error *err)
{
	struct container_info info;
	char name[SANDBOX_NAME];

	sandbox_make_name(name, worker->spooler, slot, sandbox_network_of(network));
	if (!engine_container_inspect(&worker->engine, name, &info, err))
		return false;
	*alive = info.state == CONTAINER_RUNNING;
	if (!*alive && slot < worker->spooler->sandboxes->slots) {
		log_write(LOG_WARNING, "sandbox=%s died, making it again", name);
		sandbox_set_state(worker->spooler->sandboxes, slot, sandbox_network_of(network),
		    SANDBOX_UNKNOWN);
	}
	return true;
}

void
sandbox_forget_all(struct spooler *spooler)
{
	struct sandboxes *all = spooler->sandboxes;

	pthread_mutex_lock(&all->lock);
	for (int64_t i = 0; i < all->slots * SANDBOX_NETWORKS; i++)
		all->states[i] = SANDBOX_UNKNOWN;
	pthread_mutex_unlock(&all->lock);
}

/* Finds the first sandbox from slot on that is wanted and can be made now; *state is its state. */
static bool
sandbox_find_missing(struct sandboxes *all, int64_t *slot, enum sandbox_network *network,
    enum sandbox_state *state)
{
	bool found = false;

	pthread_mutex_lock(&all->lock);
	for (; !found && *slot < all->slots; *slot += !found)
		for (int n = 0; !found && n < SANDBOX_NETWORKS; n++) {
			*network = (enum sandbox_network)n;
			*state = *sandbox_state(all, *slot, *network);
			found = all->useful && all->wanted[n] &&
			    (*state == SANDBOX_UNKNOWN || *state == SANDBOX_USED);
		}
	pthread_mutex_unlock(&all->lock);
	return found;
}

bool
sandbox_is_wanted(struct spooler *spooler)
{
	struct sandboxes *all = spooler->sandboxes;
	enum sandbox_network network;
	enum sandbox_state state;
	int64_t slot = 0, next_try_ms;

	pthread_mutex_lock(&all->lock);
	next_try_ms = all->next_try_ms;
	pthread_mutex_unlock(&all->lock);
	return clock_monotonic_ms() >= next_try_ms &&
	    sandbox_find_missing(all, &slot, &network, &state);
}

static bool
sandbox_create(struct worker *worker, int64_t slot, enum sandbox_network network, const char *name,
    char id[static CONTAINER_ID], struct error *err)
{
	const struct config *config = worker->config;
	cleanup_json json_t *entrypoint = json_pack("[s, s]", MOUNT_INIT, "-p");
	struct container_spec spec = { .entrypoint = entrypoint, .network = networks[network] };
	char slot_text[24], folder[SANDBOX_FOLDER_NAME];

	snprintf(slot_text, sizeof slot_text, "%lld", (long long)slot);
	sandbox_folder_name(folder, slot, networks[network]);
	mount_add(&spec, config, MOUNT_INIT, true, "bin/kabuto-init");
	mount_add(&spec, config, "/run/kabuto/network", false, "run/" SPOOL_SANDBOXES "/%s",
	    folder);
	return emptyimage_create(worker, name, slot_text, &spec, id, err);
}

/*
 * Replaces the container `old` (an id; empty: none) with a new one. It uses the id, because a call
 * that comes late, after this spooler has died, must not remove the next spooler's container.
 */
static bool
sandbox_replace(struct worker *worker, int64_t slot, enum sandbox_network network, const char *name,
    const char *old, struct error *err)
{
	char id[CONTAINER_ID];

	return (old[0] == '\0' || engine_container_remove(&worker->engine, old, err)) &&
	    sandbox_folder_make(worker->spooler, slot, networks[network], err) &&
	    sandbox_create(worker, slot, network, name, id, err) &&
	    engine_container_start(&worker->engine, id, err) &&
	    sandbox_folder_wait(worker->spooler, slot, networks[network], err);
}

/*
 * Whether a sandbox that runs can be kept: a former spooler made it, and it has published its
 * files. *state gets its new state.
 */
static bool
sandbox_keep(struct worker *worker, int64_t slot, enum sandbox_network network,
    enum sandbox_state *state, struct error *err)
{
	bool in_use = true;

	*state = SANDBOX_READY;
	if (!sandbox_folder_wait(worker->spooler, slot, networks[network], err))
		return false;
	if (sandbox_folder_is_clean(worker->spooler, slot, networks[network]))
		return true;
	*state = SANDBOX_LEFT;
	error_set(err, ERROR_NONE, "a job left traces in it");
	return !jobstate_runs_in_slot(&worker->db, slot, &in_use, err) || in_use;
}

/*
 * Removes a sandbox that the engine cannot inspect (HTTP 500) although it answers: Podman may have
 * lost its files in a power cut. Not if a job may be in it.
 */
static bool
sandbox_remove_damaged(struct worker *worker, int64_t slot, const char *name,
    struct container_info *info, struct error *err)
{
	struct error failure;
	bool in_use = true;

	if (err->kind != ERROR_ENGINE ||
	    !jobstate_runs_in_slot(&worker->db, slot, &in_use, &failure) || in_use ||
	    !engine_ping(&worker->engine, &failure))
		return false;
	log_write(LOG_WARNING, "sandbox=%s %s; making it again", name, err->text);
	*info = (struct container_info){ .state = CONTAINER_ABSENT };
	return engine_container_remove(&worker->engine, name, err);
}

/*
 * Makes a sandbox. Keeps one that runs, if it can. *state is its state, and gets the new one. True:
 * the files exist.
 */
static bool
sandbox_make(struct worker *worker, int64_t slot, enum sandbox_network network,
    enum sandbox_state *state, struct error *err)
{
	bool used = *state == SANDBOX_USED;
	char name[SANDBOX_NAME];
	struct container_info info;

	sandbox_make_name(name, worker->spooler, slot, network);
	for (int tries = 1;; tries++) {
		if (!engine_container_inspect(&worker->engine, name, &info, err) &&
		    !sandbox_remove_damaged(worker, slot, name, &info, err))
			return false;
		if (info.state == CONTAINER_RUNNING && !used) {
			if (sandbox_keep(worker, slot, network, state, err))
				return true;
			if (worker->spooler->stopping)
				return false;
			log_write(err->kind == ERROR_NONE ? LOG_INFO : LOG_WARNING,
			    "sandbox=%s %s, making it again", name, err->text);
		}
		*state = SANDBOX_READY;
		if (sandbox_replace(worker, slot, network, name, info.id, err))
			return true;
		/* ERROR_CONFLICT: a former spooler's container was created late. Replace it. */
		if (err->kind != ERROR_CONFLICT || tries == CREATE_TRIES)
			return false;
	}
}

/* Releases the slot's sandboxes if its job has ended meanwhile, because it does so only once. */
static void
sandbox_release_if_idle(struct worker *worker, int64_t slot)
{
	struct error ignored;
	bool in_use = true;

	if (jobstate_runs_in_slot(&worker->db, slot, &in_use, &ignored) && !in_use)
		sandbox_release(worker->spooler, slot);
}

void
sandbox_make_missing(struct worker *worker)
{
	struct sandboxes *all = worker->spooler->sandboxes;
	enum sandbox_network network;
	enum sandbox_state state;
	int64_t slot = 0;

	engine_resume(&worker->engine); /* its last job may have been cancelled */
	while (!worker->spooler->stopping && sandbox_find_missing(all, &slot, &network, &state)) {
		struct error err;

		if (sandbox_make(worker, slot, network, &state, &err)) {
			sandbox_set_state(all, slot, network, state);
			if (state == SANDBOX_LEFT)
				sandbox_release_if_idle(worker, slot);
			continue;
		}
		if (err.kind != ERROR_INTERRUPTED)
			log_write(LOG_WARNING,
			    "sandbox of slot %lld: %s; jobs start without it, trying again in a minute",
			    (long long)slot, err.text);
		pthread_mutex_lock(&all->lock);
		all->next_try_ms = clock_monotonic_ms() + RETRY_MS;
		pthread_mutex_unlock(&all->lock);
		return;
	}
}

bool
sandbox_is_needed(struct worker *worker, const char *slot_text, bool *needed, struct error *err)
{
	struct sandboxes *all = worker->spooler->sandboxes;
	int64_t slot = 0;

	*needed = false;
	if (!number_parse_integer(slot_text, &slot))
		return true;
	pthread_mutex_lock(&all->lock);
	*needed = all->useful && slot < all->slots;
	pthread_mutex_unlock(&all->lock);
	return *needed || jobstate_runs_in_slot(&worker->db, slot, needed, err);
}

static bool
sandbox_remove_idle(const char *id, json_t *labels, void *context, struct error *err)
{
	struct worker *worker = context;
	const char *slot_text = json_string_value(json_object_get(labels, SANDBOX_LABEL));
	int64_t slot = 0;
	bool in_use = true;

	if (slot_text == NULL || !number_parse_integer(slot_text, &slot))
		return true;
	return jobstate_runs_in_slot(&worker->db, slot, &in_use, err) &&
	    (in_use ||
		(engine_container_remove(&worker->engine, id, err) &&
		    sandbox_folder_remove(worker->spooler, slot, networks[0], err) &&
		    sandbox_folder_remove(worker->spooler, slot, networks[1], err)));
}

void
sandbox_remove_all_idle(struct worker *worker)
{
	struct error err;

	if (!engine_container_each(&worker->engine, "kabuto.instance", worker->spooler->instance,
		sandbox_remove_idle, worker, &err))
		log_write(LOG_WARNING, "remove sandboxes: %s; the next start tries again",
		    err.text);
}
