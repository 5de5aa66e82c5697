/*
 * A worker in C for the coordinator of bench/lockstep: raw threads made by
 * clone(2), with the same flags on the same memory as those of package
 * threads, that do what its bodies do (bodies.h).
 *
 *   worker futex|pipe|yield    two threads hand the turn to each other
 *   worker create BATCH        a thread makes BATCH threads and joins them
 *
 * It speaks the turn protocol of bench/lockstep/protocol.go.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bodies.h"

enum {
	CLONE_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD |
		      CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
	CONTROL_BYTES = (sizeof(struct control) + 63) / 64 * 64,
	BODY_BYTES = 256, /* a body's own frames */
};

static long mapped; /* mappings not unmapped */

/* The whole mapping: a guard page, then the least stack, whose top is the control. */
static size_t mapping(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return page + (CONTROL_BYTES + BODY_BYTES + page - 1) / page * page;
}

static int new_control(struct control **c)
{
	char *base = mmap(NULL, mapping(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	if (mprotect(base, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) < 0) {
		int result = -errno;
		munmap(base, mapping());
		return result;
	}
	mapped++;
	*c = (struct control *)(base + mapping() - CONTROL_BYTES);
	return 0;
}

static void free_control(struct control *c)
{
	munmap((char *)c + CONTROL_BYTES - mapping(), mapping());
	mapped--;
}

/*
 * clone(2): the stack grows down from the control. The child calls its body on
 * it and exits; it never comes back into this function.
 */
static int start(struct control *c)
{
	long result;
#if defined(__x86_64__)
	register void *ctid __asm__("r10") = &c->tid;
	register void *tls __asm__("r8") = c->tls + TLS_BASE;
	register struct control *self __asm__("r9") = c;
	__asm__ volatile(
		"syscall\n\t"
		"testq %%rax, %%rax\n\t"
		"jnz 1f\n\t"
		"xorl %%ebp, %%ebp\n\t"
		"movq %%r9, %%rdi\n\t"
		"call *%c[body](%%r9)\n\t"
		"movl %[exit], %%eax\n\t"
		"xorl %%edi, %%edi\n\t"
		"syscall\n\t"
		"hlt\n"
		"1:"
		: "=a"(result)
		: "0"((long)SYS_clone), "D"((long)CLONE_FLAGS), "S"(c), "d"(&c->tid), "r"(ctid), "r"(tls), "r"(self),
		  [body] "i"(offsetof(struct control, body)), [exit] "i"(SYS_exit)
		: "rcx", "r11", "memory", "cc");
#else
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = CLONE_FLAGS;
	register void *stack __asm__("x1") = c;
	register void *ptid __asm__("x2") = &c->tid;
	register void *tls __asm__("x3") = c->tls + TLS_BASE;
	register void *ctid __asm__("x4") = &c->tid;
	__asm__ volatile(
		"svc 0\n\t"
		"cbnz x0, 1f\n\t"
		"mov x29, xzr\n\t"
		"mov x0, x1\n\t"
		"ldr x9, [x1, %[body]]\n\t"
		"blr x9\n\t"
		"mov x8, %[exit]\n\t"
		"mov x0, xzr\n\t"
		"svc 0\n\t"
		"brk 0\n"
		"1:"
		: "+r"(x0)
		: "r"(x8), "r"(stack), "r"(ptid), "r"(tls), "r"(ctid),
		  [body] "i"(offsetof(struct control, body)), [exit] "i"(SYS_exit)
		: "x9", "x30", "memory", "cc");
	result = x0;
#endif
	return result < 0 ? (int)result : 0;
}

/* The kernel clears the tid word and wakes the shared futex there. */
static void join(struct control *c)
{
	uint32_t tid;
	while ((tid = load(&c->tid)) != 0)
		futex(&c->tid, FUTEX_WAIT, tid);
}

static int say_error(const char *what, int result)
{
	printf("error %s: %s\n", what, strerror(-result));
	fflush(stdout);
	return 1;
}

/* Threads of this process besides its first, by the kernel's own list. */
static int threads_left(void)
{
	FILE *f = fopen("/proc/self/stat", "r");
	char line[1024], *field;
	int n = -1;

	if (f == NULL)
		return -1;
	/* After the name in brackets, num_threads is the 18th field: proc_pid_stat(5). */
	if (fgets(line, sizeof line, f) != NULL && (field = strrchr(line, ')')) != NULL)
		sscanf(field + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d", &n);
	fclose(f);
	return n - 1;
}

/* A thread that was joined stays on the kernel's list for a moment. */
static int left_behind(void)
{
	int left = threads_left();
	for (int tries = 0; left > 0 && tries < 1000; tries++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		left = threads_left();
	}
	return left;
}

int main(int argc, char **argv)
{
	static const char *const ops[] = {"futex", "pipe", "yield"};
	uint64_t batch = 0, warm_ops = 64;
	struct driver d;
	char line[64];
	int result = -EINVAL, left;

	if (argc == 3 && strcmp(argv[1], "create") == 0 && (batch = strtoull(argv[2], NULL, 10)) > 0) {
		warm_ops = 8;
		result = new_creator(&d, batch);
	}
	for (int op = FUTEX; argc == 2 && op <= YIELD; op++)
		if (strcmp(argv[1], ops[op]) == 0)
			result = new_pair(&d, (enum op)op);
	if (result < 0)
		return say_error("starting threads", result);
	puts("ready");
	fflush(stdout);

	while (fgets(line, sizeof line, stdin) != NULL && strcmp(line, "close\n") != 0) {
		unsigned long long n, warm, per = batch > 0 ? batch : 2;
		struct timing t = {0};
		uint32_t over;

		if (sscanf(line, "run %llu\n", &n) != 1 || n < 1)
			return say_error("running what is no order", -EINVAL);
		/* Whole batches. */
		warm = ((n < warm_ops ? n : warm_ops) + per - 1) / per * per;
		over = begin_turn(&d, n, warm);
		while (load(&d.driver->done) == over)
			futex(&d.driver->done, FUTEX_WAIT_PRIVATE, over);
		if ((result = end_turn(&d, &t)) < 0)
			return say_error("running threads", result);
		printf("done %lld %lld +kernel-switches=%lld", (long long)t.ops, (long long)t.ns, (long long)t.switches);
		if (batch > 0)
			printf(" +threads=%lld", (long long)t.spawned - (long long)warm);
		else
			printf(" +answers=%lld +samples=%lld +crossed=%lld", (long long)t.answers - (long long)(warm + 1) / 2,
			       (long long)t.samples, (long long)t.crossed);
		putchar('\n');
		fflush(stdout);
	}
	close_driver(&d);
	left = left_behind();
	if (left != 0 || mapped != 0) {
		printf("error left behind: %d threads, %ld mappings\n", left, mapped);
		fflush(stdout);
		return 1;
	}
	puts("closed");
	fflush(stdout);
	return 0;
}
