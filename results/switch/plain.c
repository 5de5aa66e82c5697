// A system call written out, and the same call in a function that returns: the
// plainest program for the rows impl=floor of this study.
//
//	gcc -O2 -o /tmp/plain plain.c && /tmp/plain
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

static inline __attribute__((always_inline)) long call(long number) {
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result;
}

__attribute__((noinline)) static long function(long number) { return call(number); }

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(void) {
	enum { n = 500000 };
	const struct { const char *name; long number; } calls[] = {{"gettid", SYS_gettid}, {"sched_yield", SYS_sched_yield}};
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof one, &one);
	for (int round = 0; round < 10; round++)
		for (int k = 0; k < 2; k++) {
			double begun = now();
			for (int i = 0; i < n; i++) call(calls[k].number);
			double half = now();
			for (int i = 0; i < n; i++) function(calls[k].number);
			double ended = now();
			printf("%-12s written out %6.1f ns, in a function %6.1f ns\n", calls[k].name, (half - begun) / n, (ended - half) / n);
		}
	return 0;
}
