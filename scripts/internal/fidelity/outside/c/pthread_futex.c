// Usage: pthread_futex OPS BATCHES. Each batch prints its operations and the nanoseconds per operation.
// Two pthreads hand a turn to each other by two futex words. One operation is one hand-off.
// OPS is rounded up to even: a round trip is two hand-offs.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static unsigned mine, theirs; // 1: main's turn, its partner's turn

static __attribute__((noreturn, cold)) void fail(const char *what, int error)
{
	fprintf(stderr, "pthread_futex: %s: %s\n", what, strerror(error));
	exit(1);
}

static void wake(unsigned *word)
{
	if (syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0)
		fail("FUTEX_WAKE", errno);
}

static void waitWhile(unsigned *word, unsigned value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) {
		if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR)
			fail("FUTEX_WAIT", errno);
	}
}

static __attribute__((noreturn)) void *partner(void *unused)
{
	for (;;) {
		waitWhile(&theirs, 0);
		__atomic_store_n(&theirs, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&mine, 1, __ATOMIC_RELEASE);
		wake(&mine);
	}
}

static long number(const char *name, const char *text, long least)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < least) {
		fprintf(stderr, "pthread_futex: %s is \"%s\"; give a whole number, at least %ld\n", name, text, least);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: pthread_futex OPS BATCHES (0 batches: for ever)\n");
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
		for (long i = 0; i < ops; i += 2) {
			__atomic_store_n(&theirs, 1, __ATOMIC_RELEASE);
			wake(&theirs);
			waitWhile(&mine, 0);
			__atomic_store_n(&mine, 0, __ATOMIC_RELAXED);
		}
		clock_gettime(CLOCK_MONOTONIC, &to);
		double ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
		if (printf("%ld %.1f ns/op\n", ops, ns / ops) < 0 || fflush(stdout) != 0)
			fail("printing", errno);
	}
	return 0;
}
