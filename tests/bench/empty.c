/*
 * A FastCGI program that answers each call with next to nothing: what any handler costs at least.
 *
 * usage: empty SOCKET THREADS
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BACKLOG      1024
#define THREADS_MOST 1000

static void *
work(void *argument)
{
	FCGX_Request fcgi;

	FCGX_InitRequest(&fcgi, *(int *)argument, 0);
	while (FCGX_Accept_r(&fcgi) >= 0) {
		FCGX_PutS("Content-Type: application/json; charset=utf-8\r\n\r\n{}\n", fcgi.out);
		FCGX_Finish_r(&fcgi);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0, socket;
	pthread_t thread;

	if (count < 1 || count > THREADS_MOST) {
		fprintf(stderr, "usage: empty SOCKET THREADS\n");
		return 2;
	}
	FCGX_Init();
	socket = FCGX_OpenSocket(argv[1], BACKLOG);
	if (socket < 0 || chmod(argv[1], 0660) < 0) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 1; i < count; i++)
		if (pthread_create(&thread, NULL, work, &socket) != 0)
			return 1;
	work(&socket);
	return 0;
}
