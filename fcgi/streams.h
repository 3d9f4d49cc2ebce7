#ifndef KABUTO_STREAMS_H
#define KABUTO_STREAMS_H
/*
 * The thread that serves all open streams of the process. It waits by epoll for their connections,
 * by inotify for jobs' logs, and polls the database's version for changes of rows.
 */
#include "stream.h"

struct streams;

/*
 * Starts the thread; it ends when server->stop becomes readable. The caller must call streams_stop.
 * NULL: err is set.
 */
struct streams *streams_start(struct server *server, struct error *err);

/* Waits until the thread has ended the streams; then ends those that came later. */
void streams_stop(struct streams *streams);

/* Hands a stream over, with its connection and FastCGI's request id. Any thread may call this. */
void streams_add(struct streams *streams, struct stream *stream, int fd, int request);

#endif
