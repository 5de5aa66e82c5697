// Usage: pthread_create100 OPS BATCHES. Each batch prints its operations and the nanoseconds per operation.
// Main creates 100 pthreads that return at once, and then joins each. One operation is one thread.
// OPS is rounded up to a multiple of 100.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static __attribute__((noreturn, cold)) void fail(const char *what, int error)
{
	fprintf(stderr, "pthread_create100: %s: %s\n", what, strerror(error));
	exit(1);
}

static void *body(void *unused)
{
	return NULL;
}

static void create(pthread_t *thread)
{
	int error = pthread_create(thread, NULL, body, NULL);
	if (error != 0)
		fail("pthread_create", error);
}

static void join(pthread_t thread)
{
	int error = pthread_join(thread, NULL);
	if (error != 0)
		fail("pthread_join", error);
}

static long number(const char *name, const char *text, long least)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < least) {
		fprintf(stderr, "pthread_create100: %s is \"%s\"; give a whole number, at least %ld\n", name, text, least);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: pthread_create100 OPS BATCHES (0 batches: for ever)\n");
		return 2;
	}
	long ops = number("OPS", argv[1], 1);
	ops = (ops + 99) / 100 * 100;
	long batches = number("BATCHES", argv[2], 0);
	for (long batch = 0; batches == 0 || batch < batches; batch++) {
		struct timespec from, to;
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (long i = 0; i < ops; i += 100) {
			pthread_t threads[100];
			for (int k = 0; k < 100; k++)
				create(&threads[k]);
			for (int k = 0; k < 100; k++)
				join(threads[k]);
		}
		clock_gettime(CLOCK_MONOTONIC, &to);
		double ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
		if (printf("%ld %.1f ns/op\n", ops, ns / ops) < 0 || fflush(stdout) != 0)
			fail("printing", errno);
	}
	return 0;
}
