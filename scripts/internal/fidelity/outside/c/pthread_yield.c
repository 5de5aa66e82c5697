// Usage: pthread_yield OPS BATCHES. Each batch prints its operations and the nanoseconds per operation.
// Two pthreads both call sched_yield in a loop. One operation is one yield of either thread.
// Main makes half of the calls and takes the other half to be its partner's.
// OPS is rounded up to even.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static __attribute__((noreturn, cold)) void fail(const char *what, int error)
{
	fprintf(stderr, "pthread_yield: %s: %s\n", what, strerror(error));
	exit(1);
}

static void yield(void)
{
	if (sched_yield() < 0)
		fail("sched_yield", errno);
}

static __attribute__((noreturn)) void *partner(void *unused)
{
	for (;;)
		yield();
}

static long number(const char *name, const char *text, long least)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < least) {
		fprintf(stderr, "pthread_yield: %s is \"%s\"; give a whole number, at least %ld\n", name, text, least);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: pthread_yield OPS BATCHES (0 batches: for ever)\n");
		return 2;
	}
	long ops = number("OPS", argv[1], 1);
	ops += ops % 2;
	long batches = number("BATCHES", argv[2], 0);
	pthread_t other;
	int error = pthread_create(&other, NULL, partner, NULL);
	if (error != 0)
		fail("pthread_create", error);
	for (long batch = 0; batches == 0 || batch < batches; batch++) {
		struct timespec from, to;
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (long i = 0; i < ops; i += 2)
			yield();
		clock_gettime(CLOCK_MONOTONIC, &to);
		double ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
		if (printf("%ld %.1f ns/op\n", ops, ns / ops) < 0 || fflush(stdout) != 0)
			fail("printing", errno);
	}
	return 0;
}
