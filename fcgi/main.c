/*
 * kabuto.fcgi: a pool of threads. Each thread takes a call, answers it, and takes the next one.
 *
 * All state is in the database and the state directory, so the process may be killed at any time.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "confine.h"
#include "ldaplogin.h"
#include "crash.h"
#include "mail.h"
#include "log.h"
#include "program.h"
#include "request.h"
#include "serve.h"
#include "streams.h"
#include "take.h"

#define BACKLOG         1024
#define STACK_BYTES     (512 * 1024)
#define SYSTEMD_SOCKET  3 /* SD_LISTEN_FDS_START, sd_listen_fds(3) */
#define ACCEPT_PAUSE_MS 100
#define STOP_S          60 /* a stop cuts off calls that take longer */

struct worker {
	pthread_t thread;
	struct server *server;
	int socket;
};

/* The thread that holds this mutex waits for the next connection. */
static pthread_mutex_t accepting = PTHREAD_MUTEX_INITIALIZER;

/* Waits until fd can be read. False: the process stops, even if fd can be read too. */
static bool
main_wait_readable(const struct server *server, int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		{ .fd = server->stop, .events = POLLIN } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		continue;
	return fds[1].revents == 0;
}

/*
 * Waits for the next connection and returns it; -1: the process stops. Calls on accepted
 * connections are answered. Others wait in the socket for the next process, if systemd holds the
 * socket. So no call fails at a restart.
 */
static int
main_next_connection(const struct server *server, int socket)
{
	int fd = -1;

	pthread_mutex_lock(&accepting);
	while (fd < 0 && main_wait_readable(server, socket)) {
		fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			log_write(LOG_WARNING, "accept: %s, trying again", strerror(errno));
			(void)poll(NULL, 0, ACCEPT_PAUSE_MS); /* it may lack memory */
		}
	}
	pthread_mutex_unlock(&accepting);
	return fd;
}

/* Starts the streams' thread, unless it runs. */
static bool
main_start_streams(struct server *server, struct error *err)
{
	static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;
	bool done;

	pthread_mutex_lock(&starting);
	if (server->streams == NULL)
		server->streams = streams_start(server, err);
	done = server->streams != NULL;
	pthread_mutex_unlock(&starting);
	return done;
}

/*
 * Sends what libfcgi holds of the response, and gives the connection to the streams' thread.
 * libfcgi forgets it.
 */
static void
main_hand_over(struct server *server, FCGX_Request *fcgi, struct stream *stream)
{
	int fd = fcgi->ipcFd, request = fcgi->requestId;
	struct error err;

	if (!main_start_streams(server, &err)) {
		log_write(LOG_ERROR, "%s", err.text);
		stream_free(stream, NULL);
		FCGX_Free(fcgi, 1); /* the client sees that the answer is cut off */
		fcgi->ipcFd = -1;
		return;
	}

	(void)FCGX_FFlush(fcgi->out);
	FCGX_Free(fcgi, 0);
	fcgi->ipcFd = -1;
	streams_add(server->streams, stream, fd, request);
}

static void *
main_work(void *argument)
{
	struct worker *worker = argument;
	FCGX_Request fcgi;

	/* We accept the connections, because libfcgi's accept cannot be told to stop. */
	FCGX_InitRequest(&fcgi, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	for (;;) {
		struct request req;

		/* A web server may keep its connection open for the next call. */
		if (fcgi.ipcFd < 0)
			fcgi.ipcFd = main_next_connection(worker->server, worker->socket);
		else if (!main_wait_readable(worker->server, fcgi.ipcFd))
			break;
		if (fcgi.ipcFd < 0)
			break;
		/* Without this FCGX_Accept_r closes the connection. Each call sets it again. */
		fcgi.keepConnection = 1;
		if (FCGX_Accept_r(&fcgi) < 0)
			continue; /* the connection was closed without a call */
		request_begin(&req, worker->server, &fcgi);
		serve_call(&req);
		request_clear(&req);
		if (req.stream != NULL)
			main_hand_over(worker->server, &fcgi, req.stream);
		else
			FCGX_Finish_r(&fcgi);
	}
	FCGX_Free(&fcgi, 1);
	return NULL;
}

/*
 * Binds a socket under a temporary name and renames it to path. So path always is a socket, and the
 * socket of an ended process is replaced.
 */
static int
main_bind_socket(const char *path, struct error *err)
{
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s.new", path);

	if (length >= (int)sizeof address.sun_path) {
		error_set(err, ERROR_INPUT,
		    "the socket's path is longer than %zu bytes; use a shorter one: '%s'",
		    sizeof address.sun_path - strlen(".new") - 1, path);
		return -1;
	}
	(void)unlink(address.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    chmod(address.sun_path, 0660) < 0 || listen(fd, BACKLOG) < 0 ||
	    rename(address.sun_path, path) < 0) {
		error_errno(err, "listen on '%s'", path);
		return -1;
	}
	return take_fd(&fd);
}

/* Returns the socket from -l, from systemd, or from spawn-fcgi (standard input). -1: failed. */
static int
main_find_socket(const char *path, struct error *err)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	struct sockaddr_storage address;
	socklen_t length = sizeof address;

	if (path != NULL)
		return main_bind_socket(path, err);
	if (pid != NULL && count != NULL && atol(pid) == (long)getpid() && atoi(count) == 1)
		return SYSTEMD_SOCKET;
	if (getsockname(STDIN_FILENO, (struct sockaddr *)&address, &length) == 0)
		return STDIN_FILENO;
	error_set(err, ERROR_INPUT,
	    "no socket: use -l PATH, or start kabuto.fcgi by systemd or spawn-fcgi");
	return -1;
}

static bool
main_start_workers(struct worker *workers, int64_t count, struct server *server, int socket,
    struct error *err)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	for (int64_t i = 0; i < count; i++) {
		workers[i].server = server;
		workers[i].socket = socket;
		errno = pthread_create(&workers[i].thread, &attributes, main_work, &workers[i]);
		if (errno != 0)
			return error_errno(err, "start thread %lld of %lld", (long long)i + 1,
			    (long long)count);
	}
	pthread_attr_destroy(&attributes);
	return true;
}

/* Stops the threads and waits until they have answered their calls. False: STOP_S has passed. */
static bool
main_stop_workers(struct worker *workers, int64_t count, int stop)
{
	struct timespec deadline;

	(void)eventfd_write(stop, 1); /* no thread reads it, so all threads see it */
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += STOP_S;
	for (int64_t i = 0; i < count; i++)
		if (pthread_timedjoin_np(workers[i].thread, NULL, &deadline) != 0)
			return false;
	return true;
}

static int64_t
main_threads_of(const struct config *config, const char *pool)
{
	return strcmp(pool, "api") == 0   ? config->threads.api
	    : strcmp(pool, "upload") == 0 ? config->threads.upload
	    : strcmp(pool, "follow") == 0 ? config->threads.follow
					  : 0;
}

/* Checks that the files named in the configuration can be read. */
static bool
main_check_secrets(const struct config *config, struct error *err)
{
	return mail_check(config, err) && ldaplogin_check(config, err);
}

/*
 * Reloads the configuration at SIGHUP; returns at SIGTERM or SIGINT. All threads block these
 * signals.
 */
static void
main_wait_for_stop(struct server *server, const char *path, const sigset_t *signals)
{
	int number;

	while (sigwait(signals, &number) == 0 && number == SIGHUP)
		server->config = program_reload(server->config, path, main_check_secrets);
}

/*
 * Sets SQLite's folder for temporary files to one that this process may still write when confined.
 */
static bool
main_place_temporary_files(const char *state_dir, struct error *err)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof folder, "%s/incoming", state_dir);
	return setenv("SQLITE_TMPDIR", folder, 1) == 0 ||
	    error_errno(err, "set SQLite's folder for temporary files");
}

/*
 * Allows as many open files as the hard limit, because each stream has one. systemd's filter may
 * forbid the call; LimitNOFILE then sets the limit.
 */
static void
main_raise_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Copies the path of the file's folder to folder. */
static void
main_folder_of(const char *path, char folder[static PATH_MAX])
{
	snprintf(folder, PATH_MAX, "%s", path);
	if (strrchr(folder, '/') != NULL)
		*strrchr(folder, '/') = '\0';
}

/*
 * Confines this process, because it reads data from strangers. It can then reach only the state
 * directory and the database's folder, and read what the configuration, host names and certificates
 * need. If a reloaded configuration names a file in another folder, it needs a restart.
 */
static bool
main_confine_self(const struct config *config, const char *config_path, struct error *err)
{
	/* The folders of these files are allowed, because a file may be replaced by a rename. */
	const char *const files[] = { config_path, config->mail.template,
		config->mail.password_file, config->mail.ca_file, config->ldap.password_file,
		config->ldap.ca_file, KABUTO_MAIL_TEMPLATE };
	const char *const readable[] = { "/etc", "/usr/share/ca-certificates",
		"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager",
		"/usr/share/zoneinfo", "/dev/urandom", "/dev/null" };
	char database[PATH_MAX], folder[PATH_MAX];
	struct confine confine;
	bool done;

	main_folder_of(config->database, database);
	if (!confine_begin_files(&confine, err))
		return false;
	done = confine_allow_path(&confine, config->state_dir, CONFINE_WRITE, err) &&
	    confine_allow_path(&confine, database, CONFINE_WRITE, err) &&
	    confine_allow_path(&confine, "/usr/lib", CONFINE_EXECUTE, err) &&
	    confine_allow_path(&confine, "/lib", CONFINE_EXECUTE, err) &&
	    confine_allow_path(&confine, "/usr/local/lib", CONFINE_EXECUTE, err) &&
	    confine_allow_path(&confine, crash_folder(), CONFINE_WRITE, err);
	for (size_t i = 0; done && i < sizeof readable / sizeof readable[0]; i++)
		done = confine_allow_path(&confine, readable[i], CONFINE_READ, err);
	for (size_t i = 0; done && i < sizeof files / sizeof files[0]; i++) {
		main_folder_of(files[i], folder);
		done =
		    files[i][0] == '\0' || confine_allow_path(&confine, folder, CONFINE_READ, err);
	}
	if (done && !confine_apply(&confine))
		done = error_errno(err, "confine this process");
	confine_end(&confine);
	return done;
}

static bool
main_serve(const struct config *config, const char *config_path, const char *pool, int64_t threads,
    const char *path, struct error *err)
{
	static struct server server;
	struct worker *workers = calloc((size_t)threads, sizeof workers[0]);
	sigset_t signals;
	int socket;

	server.config = config;
	server.follows = strcmp(pool, "follow") == 0;
	server.streams_here = server.follows || strcmp(pool, "upload") == 0;
	server.stop = eventfd(0, EFD_CLOEXEC);
	waiters_init(&server.waiters);
	waiters_init(&server.streams_open);
	if (workers == NULL || server.stop < 0)
		return error_set(err, ERROR_SYSTEM, "start: not enough memory");
	main_raise_open_files();
	FCGX_Init();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (!spool_open(&server.spool, config, false, err) ||
	    !main_place_temporary_files(config->state_dir, err))
		return false;
	pool_init(&server.pool, config->database);
	socket = main_find_socket(path, err);
	if (socket < 0 || fcntl(socket, F_SETFL, O_NONBLOCK) < 0 ||
	    !main_confine_self(config, config_path, err) ||
	    (server.follows && !main_start_streams(&server, err)) ||
	    !main_start_workers(workers, threads, &server, socket, err))
		return false;
	if (confine_missing() != NULL)
		log_write(LOG_INFO, "pool=%s this kernel lacks %s", pool, confine_missing());
	log_write(LOG_INFO, "pool=%s threads=%lld ready", pool, (long long)threads);
	main_wait_for_stop(&server, config_path, &signals);
	if (!main_stop_workers(workers, threads, server.stop)) {
		log_write(LOG_WARNING, "pool=%s stopped before all calls were answered", pool);
		_exit(EXIT_DONE); /* without cleanup: the threads still use the memory */
	}
	if (server.streams != NULL)
		streams_stop(server.streams);
	log_write(LOG_INFO, "pool=%s stopped", pool);
	pool_clear(&server.pool);
	spool_close(&server.spool);
	free(workers);
	program_end(server.config);
	return true;
}

static int
main_print_usage(void)
{
	fprintf(stderr, "usage: kabuto.fcgi [-nV] [-c file] [-l socket] [-p api|upload|follow]\n");
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	const char *path = KABUTO_CONF, *socket = NULL, *pool = "api";
	struct config config;
	struct error err;
	bool check = false;
	int option;

	while ((option = getopt(argc, argv, "c:l:np:V")) != -1)
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'l':
			socket = optarg;
			break;
		case 'n':
			check = true;
			break;
		case 'p':
			pool = optarg;
			break;
		case 'V':
			puts("kabuto.fcgi " PACKAGE_VERSION);
			return EXIT_DONE;
		default:
			return main_print_usage();
		}
	if (optind != argc)
		return main_print_usage();
	if (!program_start(&config, path))
		return EXIT_FAILED;
	if (main_threads_of(&config, pool) == 0)
		return main_print_usage();
	if (!main_check_secrets(&config, &err)) {
		log_write(LOG_ERROR, "%s", err.text);
		return EXIT_FAILED;
	}
	if (check) {
		program_checked(path);
		config_clear(&config);
		return EXIT_DONE;
	}
	if (!main_serve(&config, path, pool, main_threads_of(&config, pool), socket, &err)) {
		log_write(LOG_ERROR, "pool=%s %s", pool, err.text);
		return err.kind == ERROR_BUSY ? EXIT_TRY_AGAIN : EXIT_FAILED;
	}
	return EXIT_DONE;
}
