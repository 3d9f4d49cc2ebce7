/*
 * Keeps sandboxes ready. Only this process knows which are ready; it finds out again at each start.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
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
#include "standby_answer.h"
#include "tree.h"
#include "worker.h"
#include "write.h"

#define PER_PROCESSOR 2
#define SHOW_MS       10000 /* time for kabuto-init to publish the network's files */
#define ANSWER_MS     1000  /* time for kabuto-init to say whether a job left traces */
#define POLL_MS       200   /* how soon that wait notices a stop */
#define RETRY_MS      60000 /* after a failure */
#define FAST_MINOR    48    /* the API version of Docker 28, which makes networks fast */
#define CREATE_TRIES  3     /* if late calls of former spoolers are in the way */
#define FOLDER        SPOOL_SANDBOXES
#define FOLDER_NAME   32

const struct sandbox_file sandbox_files[] = {
	{ "hosts", "/etc/hosts" }, { "resolv.conf", "/etc/resolv.conf" },
	{ "hostname", "/etc/hostname" }, /* the last file that kabuto-init publishes */
};

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

static void
sandbox_folder_name(char name[static FOLDER_NAME], int64_t slot, enum sandbox_network network)
{
	snprintf(name, FOLDER_NAME, "%lld.%s", (long long)slot, networks[network]);
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

/* Opens the folder of one sandbox, in run/. Returns -1 with errno set. */
static int
sandbox_folder_open(const struct spooler *spooler, int64_t slot, enum sandbox_network network)
{
	cleanup_close int all =
	    openat(spooler->spool.run, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char name[FOLDER_NAME];

	sandbox_folder_name(name, slot, network);
	return all < 0 ? -1 : openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool
sandbox_copy_file(int from_dir, int to_dir, const char *name, struct error *err)
{
	cleanup_close int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int to =
	    openat(to_dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (from < 0 || to < 0 || !write_copy(from, to) || fchmod(to, 0644) < 0)
		return error_errno(err, "copy the sandbox's file %s", name);
	return true;
}

bool
sandbox_copy_files(struct spooler *spooler, int64_t slot, const char *network, int folder,
    struct error *err)
{
	cleanup_close int from = sandbox_folder_open(spooler, slot, sandbox_network_of(network));

	if (from < 0)
		return error_errno(err, "open the sandbox's folder");
	for (size_t i = 0; i < SANDBOX_FILES; i++)
		if (!sandbox_copy_file(from, folder, sandbox_files[i].name, err))
			return false;
	return true;
}

/* Opens a FIFO of kabuto-init. Opened for both directions, it needs no process at its other end. */
static int
sandbox_open_fifo(int folder, const char *name)
{
	return openat(folder, name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

/* Asks kabuto-init whether the namespace is as it was at the start. */
static bool
sandbox_is_clean(struct spooler *spooler, int64_t slot, enum sandbox_network network)
{
	cleanup_close int folder = sandbox_folder_open(spooler, slot, network);
	cleanup_close int ask = folder < 0 ? -1 : sandbox_open_fifo(folder, STANDBY_ASK);
	cleanup_close int answer = folder < 0 ? -1 : sandbox_open_fifo(folder, STANDBY_ANSWER);
	struct pollfd fd = { .fd = answer, .events = POLLIN };
	int64_t deadline = clock_monotonic_ms() + ANSWER_MS, left;
	/* An answer to a former request may come late. */
	const char number = (char)randombytes_uniform(UCHAR_MAX + 1);
	char got[2];

	if (ask < 0 || answer < 0 || write(ask, &number, 1) != 1)
		return false;
	while ((left = deadline - clock_monotonic_ms()) > 0) {
		(void)poll(&fd, 1, (int)left);
		while (read(answer, got, sizeof got) == sizeof got)
			if (got[0] == number)
				return got[1] == STANDBY_CLEAN;
	}
	return false;
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
		!sandbox_is_clean(spooler, slot, n)))
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
	enum sandbox_network network;
	enum sandbox_state state;
	int64_t slot = 0;

	return clock_monotonic_ms() >= spooler->sandboxes->next_try_ms &&
	    sandbox_find_missing(spooler->sandboxes, &slot, &network, &state);
}

/* Makes a FIFO to or from kabuto-init, which may be any user in the container. */
static bool
sandbox_make_fifo(int folder, const char *name, struct error *err)
{
	return (mkfifoat(folder, name, 0666) == 0 && fchmodat(folder, name, 0666, 0) == 0) ||
	    error_errno(err, "make the sandbox's file %s", name);
}

/*
 * Creates a folder with the FIFOs. kabuto-init may write to it as any user in the container.
 */
static bool
sandbox_make_folder(struct spooler *spooler, const char *name, struct error *err)
{
	cleanup_close int all = -1, folder = -1;

	if (mkdirat(spooler->spool.run, FOLDER, 0700) < 0 && errno != EEXIST)
		return error_errno(err, "make the folder run/" FOLDER);
	all = openat(spooler->spool.run, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (all < 0)
		return error_errno(err, "open the folder run/" FOLDER);
	if (!tree_remove(all, name, err))
		return false;
	if (mkdirat(all, name, 0777) < 0 || fchmodat(all, name, 0777, 0) < 0)
		return error_errno(err, "make the folder run/" FOLDER "/%s", name);
	folder = openat(all, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return folder < 0 ? error_errno(err, "open the folder run/" FOLDER "/%s", name)
			  : sandbox_make_fifo(folder, STANDBY_ASK, err) &&
		sandbox_make_fifo(folder, STANDBY_ANSWER, err);
}

static bool
sandbox_create(struct worker *worker, int64_t slot, enum sandbox_network network, const char *name,
    const char *folder, char id[static CONTAINER_ID], struct error *err)
{
	const struct config *config = worker->config;
	cleanup_json json_t *entrypoint = json_pack("[s, s]", MOUNT_INIT, "-p");
	struct container_spec spec = { .entrypoint = entrypoint, .network = networks[network] };
	char slot_text[24];

	snprintf(slot_text, sizeof slot_text, "%lld", (long long)slot);
	mount_add(&spec, config, MOUNT_INIT, true, "bin/kabuto-init");
	mount_add(&spec, config, "/run/kabuto/network", false, "run/" FOLDER "/%s", folder);
	return emptyimage_create(worker, name, slot_text, &spec, id, err);
}

/* Waits until kabuto-init has published the network's files. */
static bool
sandbox_wait_for_files(struct spooler *spooler, int64_t slot, enum sandbox_network network,
    struct error *err)
{
	const char *last = sandbox_files[SANDBOX_FILES - 1].name;
	cleanup_close int folder = sandbox_folder_open(spooler, slot, network);
	cleanup_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd fd = { .fd = watch, .events = POLLIN };
	int64_t deadline = clock_monotonic_ms() + SHOW_MS, left;
	char path[64], events[4096];

	snprintf(path, sizeof path, "/proc/self/fd/%d/.", folder);
	if (folder < 0 || watch < 0 || inotify_add_watch(watch, path, IN_MOVED_TO) < 0)
		return error_errno(err, "watch a sandbox's folder");
	while (faccessat(folder, last, R_OK, 0) < 0) {
		left = deadline - clock_monotonic_ms();
		if (left <= 0 || spooler->stopping)
			return error_set(err, ERROR_SYSTEM,
			    "kabuto-init did not publish its network's files in time");
		(void)poll(&fd, 1, (int)(left < POLL_MS ? left : POLL_MS));
		(void)!read(watch, events, sizeof events);
	}
	return true;
}

/*
 * Replaces the container `old` (an id; empty: none) with a new one. It uses the id, because a call
 * that comes late, after this spooler has died, must not remove the next spooler's container.
 */
static bool
sandbox_replace(struct worker *worker, int64_t slot, enum sandbox_network network, const char *name,
    const char *old, struct error *err)
{
	char folder[FOLDER_NAME], id[CONTAINER_ID];

	sandbox_folder_name(folder, slot, network);
	return (old[0] == '\0' || engine_container_remove(&worker->engine, old, err)) &&
	    sandbox_make_folder(worker->spooler, folder, err) &&
	    sandbox_create(worker, slot, network, name, folder, id, err) &&
	    engine_container_start(&worker->engine, id, err) &&
	    sandbox_wait_for_files(worker->spooler, slot, network, err);
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
	if (!sandbox_wait_for_files(worker->spooler, slot, network, err))
		return false;
	if (sandbox_is_clean(worker->spooler, slot, network))
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
			continue;
		}
		if (err.kind != ERROR_INTERRUPTED)
			log_write(LOG_WARNING,
			    "sandbox of slot %lld: %s; jobs start without it, trying again in a minute",
			    (long long)slot, err.text);
		all->next_try_ms = clock_monotonic_ms() + RETRY_MS;
		return;
	}
}

bool
sandbox_is_needed(struct worker *worker, const char *slot_text, bool *needed, struct error *err)
{
	int64_t slot = 0;

	*needed = false;
	if (!number_parse_integer(slot_text, &slot))
		return true;
	*needed = worker->spooler->sandboxes->useful && slot < worker->spooler->sandboxes->slots;
	return *needed || jobstate_runs_in_slot(&worker->db, slot, needed, err);
}

static bool
sandbox_remove_folders(struct spooler *spooler, int64_t slot, struct error *err)
{
	char name[FOLDER_NAME + sizeof FOLDER];

	for (int network = 0; network < SANDBOX_NETWORKS; network++) {
		snprintf(name, sizeof name, FOLDER "/%lld.%s", (long long)slot, networks[network]);
		if (!tree_remove(spooler->spool.run, name, err))
			return false;
	}
	return true;
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
		    sandbox_remove_folders(worker->spooler, slot, err)));
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
