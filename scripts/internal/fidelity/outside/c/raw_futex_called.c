// Usage: raw_futex_called OPS BATCHES. Each batch prints its operations and the nanoseconds per operation.
// Two raw threads hand a turn to each other by two futex words. One operation is one hand-off.
// Each half of a hand-off is a function call, as in a program that goes through a library.
// OPS is rounded up to even: a round trip is two hand-offs.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
		CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define STACK (64 * 1024)
// A library's function is not inlined, and the compiler does not fit it to its callers. noipa forbids the fitting.
#define CALLED static __attribute__((noinline, noipa))

static long ops, batches;
static unsigned mine, theirs; // 1: the timing thread's turn, its partner's turn

static inline __attribute__((always_inline)) long sys4(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
#error "raw_futex_called knows x86-64 and aarch64 only"
#endif
}

// result is the negative error number, as the kernel returns it.
static __attribute__((noreturn, noinline, cold)) void fail(const char *what, long result)
{
	dprintf(2, "raw_futex_called: %s: %s\n", what, strerror((int)-result));
	_exit(1);
}

CALLED void wake(unsigned *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	long r = sys4(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0);
	if (r < 0)
		fail("FUTEX_WAKE", r);
}

CALLED void awaitTurn(unsigned *word)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0) {
		long r = sys4(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, 0, 0);
		if (r < 0 && r != -EAGAIN && r != -EINTR)
			fail("FUTEX_WAIT", r);
	}
	__atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

static __attribute__((noreturn)) int partner(void *unused)
{
	for (;;) {
		awaitTurn(&theirs);
		wake(&mine);
	}
}

static int timing(void *unused)
{
	for (long batch = 0; batches == 0 || batch < batches; batch++) {
		struct timespec from, to;
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (long i = 0; i < ops; i += 2) {
			wake(&theirs);
			awaitTurn(&mine);
		}
		clock_gettime(CLOCK_MONOTONIC, &to);
		double ns = (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
		if (printf("%ld %.1f ns/op\n", ops, ns / ops) < 0 || fflush(stdout) != 0)
			fail("printing", -errno);
	}
	_exit(0);
}

// A raw thread shares main's thread pointer, and two threads can't use libc by it at a time.
// So the timing thread alone uses libc, outside of its clock readings, while main sleeps.
static void start(int (*body)(void *), int *tid)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		fail("mmap", -errno);
	if (clone(body, stack + STACK, THREAD, NULL, tid, NULL, tid) < 0)
		fail("clone", -errno);
}

static long number(const char *name, const char *text, long least)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < least) {
		fprintf(stderr, "raw_futex_called: %s is \"%s\"; give a whole number, at least %ld\n", name, text, least);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static int timingTid, partnerTid;
	if (argc != 3) {
		fprintf(stderr, "usage: raw_futex_called OPS BATCHES (0 batches: for ever)\n");
		return 2;
	}
	ops = number("OPS", argv[1], 1);
	ops += ops % 2;
	batches = number("BATCHES", argv[2], 0);
	start(partner, &partnerTid);
	start(timing, &timingTid);
	for (;;)
		pause();
}
