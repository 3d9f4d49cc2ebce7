/*
 * kabuto-spooler: the only process that talks to the engine.
 *
 * It may be killed at any time. The next one reads the open work from the database, asks the engine
 * about its state, and continues. SIGTERM leaves the jobs running.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "confine.h"
#include "engineprobe.h"
#include "sandbox.h"
#include "schema.h"
#include "take.h"
#include "upkeep.h"
#include "log.h"
#include "program.h"
#include "registry.h"
#include "scheduler.h"
#include "spooler.h"
#include "wake.h"
#include "write.h"

#define STARTS_PER_PROCESSOR 4 /* containers that the engine starts at the same time */

/*
 * Copies kabuto-init into the state directory, so that all mounts come from one place. The new file
 * replaces the old name; running containers keep the old file.
 */
static bool
main_install_init(int state, const char *init, struct error *err)
{
	cleanup_close int from = open(init, O_RDONLY | O_CLOEXEC);
	cleanup_close int bin = -1, to = -1;

	if (from < 0)
		return error_errno(err, "open kabuto-init '%s' (setting \"init\")", init);
	if ((mkdirat(state, "bin", 0755) < 0 && errno != EEXIST) ||
	    fchmodat(state, "bin", 0755, 0) < 0)
		return error_errno(err, "make the folder bin");
	bin = openat(state, "bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bin >= 0)
		to = openat(bin, "kabuto-init.new",
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0755);
	if (to < 0)
		return error_errno(err, "make bin/kabuto-init");
	if (!write_copy(from, to))
		return error_errno(err, "copy kabuto-init '%s' to bin/kabuto-init", init);
	if (fchmod(to, 0755) < 0 || fsync(to) < 0 || close(take_fd(&to)) < 0 ||
	    renameat(bin, "kabuto-init.new", bin, "kabuto-init") < 0)
		return error_errno(err, "install bin/kabuto-init");
	return true;
}

/* The arguments of the thread that waits for signals. */
static struct {
	struct spooler *spooler;
	const char *path; /* the configuration file */
	sigset_t signals;
} signalled;

static void *
main_wait_for_signals(void *nothing)
{
	struct spooler *spooler = signalled.spooler;
	int number;

	(void)nothing;
	while (sigwait(&signalled.signals, &number) == 0 &&
	    (number == SIGHUP || number == SIGUSR1)) {
		if (number == SIGUSR1)
			spooler->sweep_asked = true;
		else
			spooler->config =
			    program_reload(spooler->config, signalled.path, registry_check);
		spooler_nudge(spooler);
	}
	log_write(LOG_INFO, "signal=%s stopping; jobs keep running, the next start takes them over",
	    sigabbrev_np(number));
	spooler->stopping = true;
	spooler_nudge(spooler);
	return NULL;
}

static bool
main_catch_signals(struct spooler *spooler, const char *path, struct error *err)
{
	pthread_t thread;

	signalled.spooler = spooler;
	signalled.path = path;
	sigemptyset(&signalled.signals);
	sigaddset(&signalled.signals, SIGTERM);
	sigaddset(&signalled.signals, SIGINT);
	sigaddset(&signalled.signals, SIGHUP);
	sigaddset(&signalled.signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signalled.signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	errno = pthread_create(&thread, NULL, main_wait_for_signals, NULL);
	if (errno != 0)
		return error_errno(err, "start a thread");
	pthread_detach(thread);
	return true;
}

/* Reads the database. A damaged database is refused before its content is used. */
static bool
main_read_database(struct spooler *spooler, struct error *err)
{
	struct database db;
	bool done;

	if (!schema_open(&db, spooler->config->database, err))
		return false;
	done = upkeep_check(&db, true, err) && service_instance(&db, spooler->instance, err);
	connection_close(&db);
	return done;
}

/* Warns the operator if this kernel cannot fully confine git and hg. */
static void
main_say_unconfined(void)
{
	const char *missing = confine_missing();

	if (missing != NULL)
		log_write(LOG_WARNING,
		    "clones of repositories are not fully confined: this kernel lacks %s", missing);
}

static bool
main_run(const struct config *config, const char *path, struct error *err)
{
	static struct spooler spooler;
	cleanup_close int state = open(config->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int lock = -1;
	bool done;

	if (state < 0)
		return error_errno(err, "open the state directory '%s'", config->state_dir);
	lock = spool_lock(state, config->state_dir, err);
	if (lock < 0)
		return false;
	spooler.config = config;
	spooler.started_ms = clock_now_ms();
	spooler.status.pid = getpid();
	spooler.containers_due =
	    true; /* containers of a replaced database have the new jobs' names */
	pthread_mutex_init(&spooler.lock, NULL);
	pthread_cond_init(&spooler.start_ended, NULL);
	spooler.starts_most = STARTS_PER_PROCESSOR * (int64_t)sysconf(_SC_NPROCESSORS_ONLN);
	spooler.nudge = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!spool_open(&spooler.spool, config, true, err) ||
	    !main_install_init(state, config->init, err) || !main_read_database(&spooler, err) ||
	    !engine_init(err) || !main_catch_signals(&spooler, path, err))
		return false;
	main_say_unconfined();
	spooler.wake = wake_listen(state, err);
	if (spooler.wake < 0 || !sandbox_open_all(&spooler, err) ||
	    !engineprobe_open(&spooler, err))
		return false;
	done = scheduler_run(&spooler, err);
	sandbox_close_all(&spooler);
	engineprobe_close(&spooler);
	program_end(spooler.config);
	return done;
}

static int
main_usage(void)
{
	fprintf(stderr, "usage: kabuto-spooler [-nV] [-c file]\n");
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	const char *path = KABUTO_CONF;
	struct config config;
	struct error err;
	bool check = false, done;
	int option;

	while ((option = getopt(argc, argv, "c:nV")) != -1)
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'V':
			puts("kabuto-spooler " PACKAGE_VERSION);
			return EXIT_DONE;
		default:
			return main_usage();
		}
	if (optind != argc)
		return main_usage();
	registry_take_environment();
	if (!program_start(&config, path))
		return EXIT_FAILED;
	if (!registry_check(&config, &err)) {
		log_write(LOG_ERROR, "%s: %s", path, err.text);
		config_clear(&config);
		return EXIT_FAILED;
	}
	if (check) {
		program_checked(path);
		config_clear(&config);
		return EXIT_DONE;
	}
	done = main_run(&config, path, &err);
	if (!done)
		log_write(LOG_ERROR, "%s", err.text);
	return done ? EXIT_DONE : err.kind == ERROR_BUSY ? EXIT_TRY_AGAIN : EXIT_FAILED;
}
