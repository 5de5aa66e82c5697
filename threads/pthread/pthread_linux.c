//go:build pthread && cgo && (amd64 || arm64)

/*
 * Two threads that hand the turn to each other, a thread that makes threads,
 * and threads that park: by POSIX threads and the C library's own functions, as
 * a C program does it.
 *
 * The hand-offs stand in the loops that are timed. Between the two readings of
 * the clock nothing is called but the C library: a function of ours around a
 * hand-off would add its own return, which costs time after a context switch.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pthread_linux.h"

#define INLINED static inline __attribute__((always_inline))

enum {
	SAMPLE_EVERY = 256, /* round trips from one look at the CPUs to the next */
	NO_CPU = -2,        /* the thread has not asked for its CPU in this turn */
	CACHE_LINE = 64,
};

/* One thread, the driver or its peer. */
struct thread {
	pthread_t id;
	enum op op;
	struct thread *other;
	int in, out; /* of its pipes */

	/* The driver's turn. */
	_Atomic uint32_t gate, done, run, quit;
	uint64_t warm, n, batch; /* batch: threads that one call of CREATE makes */
	pthread_t *children;
	struct timespec began, ended;
	struct rusage before, after;

	_Atomic uint32_t turn; /* FUTEX: 1 by who passes, 0 by who takes */
	_Atomic int cpu;
	_Atomic uint64_t calls;                     /* round trips, or batches */
	uint64_t samples, crossed, spawned, joined; /* in the turn */
	_Atomic int64_t failed;
};

static _Atomic int64_t alive;

int64_t threads_alive(void) { return atomic_load(&alive); }

#ifdef __GLIBC__
#include <gnu/libc-version.h>
const char *library_version(void) { return gnu_get_libc_version(); }
#else
const char *library_version(void) { return NULL; }
#endif

/* Shared words: what is written before a release is seen after an acquire. */
#define LOAD(word) atomic_load_explicit(word, memory_order_acquire)
#define STORE(word, value) atomic_store_explicit(word, value, memory_order_release)

static void wait_while(_Atomic uint32_t *word, uint32_t value)
{
	while (LOAD(word) == value)
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void set_and_wake(_Atomic uint32_t *word, uint32_t value)
{
	STORE(word, value);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* The error of a read or a write that did not transfer its one byte. */
static int64_t io_failure(ssize_t result) { return result < 0 ? -errno : -EPIPE; }

/* sched_getcpu makes no system call where the C library knows a faster way. */
INLINED void look_at_cpu(struct thread *t, uint64_t calls)
{
	if (calls % SAMPLE_EVERY == 0) {
		int cpu = sched_getcpu();
		if (cpu < 0)
			t->failed = -errno;
		atomic_store_explicit(&t->cpu, cpu, memory_order_relaxed);
	}
}

/* The peer asks in the same round trip. NO_CPU: its turn has not begun yet. */
INLINED void compare_cpus(struct thread *t, uint64_t calls)
{
	if (calls % SAMPLE_EVERY == 0) {
		int mine = atomic_load_explicit(&t->cpu, memory_order_relaxed);
		int other = atomic_load_explicit(&t->other->cpu, memory_order_relaxed);
		if (other != NO_CPU) {
			t->samples++;
			t->crossed += mine != other;
		}
	}
}

INLINED void futex_trips(struct thread *t, uint64_t n)
{
	struct thread *peer = t->other;
	uint64_t calls = t->calls, end = calls + n;

	for (; calls < end; calls++) {
		look_at_cpu(t, calls);
		STORE(&peer->turn, 1);
		if (syscall(SYS_futex, &peer->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0) {
			t->failed = -errno;
			break;
		}
		while (LOAD(&t->turn) == 0)
			syscall(SYS_futex, &t->turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		STORE(&t->turn, 0);
		compare_cpus(t, calls);
	}
	t->calls = calls;
}

static void futex_answers(struct thread *t)
{
	struct thread *driver = t->other;

	for (uint64_t calls = 0;;) {
		while (LOAD(&t->turn) == 0)
			syscall(SYS_futex, &t->turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		STORE(&t->turn, 0);
		if (LOAD(&t->quit))
			return;
		look_at_cpu(t, calls);
		STORE(&t->calls, ++calls);
		STORE(&driver->turn, 1);
		if (syscall(SYS_futex, &driver->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0)
			t->failed = -errno;
	}
}

INLINED void pipe_trips(struct thread *t, uint64_t n)
{
	uint64_t calls = t->calls, end = calls + n;
	ssize_t result;
	char byte = 0;

	for (; calls < end; calls++) {
		look_at_cpu(t, calls);
		if ((result = write(t->out, &byte, 1)) != 1 || (result = read(t->in, &byte, 1)) != 1) {
			t->failed = io_failure(result);
			break;
		}
		compare_cpus(t, calls);
	}
	t->calls = calls;
}

static void pipe_answers(struct thread *t)
{
	ssize_t result;
	char byte = 0;

	for (uint64_t calls = 0;;) {
		if ((result = read(t->in, &byte, 1)) != 1) {
			t->failed = io_failure(result);
			return;
		}
		look_at_cpu(t, calls);
		STORE(&t->calls, ++calls);
		if ((result = write(t->out, &byte, 1)) != 1)
			t->failed = io_failure(result);
	}
}

INLINED void yield_trips(struct thread *t, uint64_t n)
{
	uint64_t calls = t->calls, end = calls + n;

	for (; calls < end; calls++) {
		look_at_cpu(t, calls);
		sched_yield();
		compare_cpus(t, calls);
	}
	t->calls = calls;
}

/* A peer that yields sleeps between the driver's turns. */
static void yield_answers(struct thread *t)
{
	struct thread *driver = t->other;

	for (uint64_t calls = 0;;) {
		while (LOAD(&driver->run) == 0)
			syscall(SYS_futex, &driver->run, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		if (LOAD(&t->quit))
			return;
		look_at_cpu(t, calls);
		STORE(&t->calls, ++calls);
		sched_yield();
	}
}

/* The body of the threads that a creator makes. */
static void *return_at_once(void *unused) { return unused; }

INLINED void creations(struct thread *t, uint64_t n)
{
	uint64_t calls = t->calls, end = calls + n;
	int refused = 0;

	for (; calls < end && refused == 0; calls++) {
		uint64_t made = 0;
		while (made < t->batch && (refused = pthread_create(&t->children[made], NULL, return_at_once, NULL)) == 0)
			made++;
		for (uint64_t i = 0; i < made; i++)
			t->joined += pthread_join(t->children[i], NULL) == 0;
		t->spawned += made;
	}
	t->calls = calls;
	if (refused != 0)
		t->failed = -refused;
}

/* The readings of the clock stand next to what is timed. */
#define TIMED(trips) \
	trips(t, t->warm); \
	t->samples = t->crossed = 0; \
	getrusage(RUSAGE_SELF, &t->before); \
	clock_gettime(CLOCK_MONOTONIC, &t->began); \
	trips(t, t->n); \
	clock_gettime(CLOCK_MONOTONIC, &t->ended); \
	getrusage(RUSAGE_SELF, &t->after)

static void *driver_body(void *self)
{
	struct thread *t = self;

	for (uint32_t gate = 0;;) {
		wait_while(&t->gate, gate);
		gate = LOAD(&t->gate);
		if (LOAD(&t->quit))
			return NULL;
		t->spawned = t->joined = 0;
		set_and_wake(&t->run, 1);
		switch (t->op) {
		case FUTEX:
			TIMED(futex_trips);
			break;
		case PIPE:
			TIMED(pipe_trips);
			break;
		case YIELD:
			TIMED(yield_trips);
			break;
		case CREATE:
			TIMED(creations);
			break;
		}
		alive += t->spawned - t->joined;
		STORE(&t->run, 0);
		set_and_wake(&t->done, gate);
	}
}

static void *peer_body(void *self)
{
	struct thread *t = self;

	switch (t->op) {
	case FUTEX:
		futex_answers(t);
		break;
	case PIPE:
		pipe_answers(t);
		break;
	default:
		yield_answers(t);
	}
	return NULL;
}

/*
 * pthread_create with every signal blocked that can be: a handler of the Go
 * runtime must not run on a thread of ours.
 */
static int start(pthread_t *id, const pthread_attr_t *attr, void *(*body)(void *), void *argument)
{
	sigset_t all, before;
	int refused;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	refused = pthread_create(id, attr, body, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (refused == 0)
		alive++;
	return -refused;
}

static void join(pthread_t id)
{
	if (pthread_join(id, NULL) == 0)
		alive--;
}

static struct thread *new_thread(enum op op)
{
	struct thread *t = NULL;

	if (posix_memalign((void **)&t, CACHE_LINE, sizeof *t) != 0)
		return NULL;
	memset(t, 0, sizeof *t);
	t->op = op;
	return t;
}

/* Wakes the peer from whatever it waits for (its pipe ends), and joins it. */
static void stop_peer(struct driver *d)
{
	STORE(&d->peer->quit, 1);
	set_and_wake(&d->peer->turn, 1);
	set_and_wake(&d->driver->run, 1);
	if (d->fds[1] >= 0)
		close(d->fds[1]);
	d->fds[1] = -1;
	join(d->peer->id);
}

/* Frees everything. No thread may use it any more. */
static void discard(struct driver *d)
{
	if (d->driver != NULL)
		free(d->driver->children);
	free(d->driver);
	free(d->peer);
	for (int i = 0; i < 4; i++)
		if (d->fds[i] >= 0)
			close(d->fds[i]);
	free(d);
}

static struct driver *new_driver(enum op op, uint64_t ops_per_call)
{
	struct driver *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	for (int i = 0; i < 4; i++)
		d->fds[i] = -1;
	d->ops_per_call = ops_per_call;
	if ((d->driver = new_thread(op)) == NULL) {
		discard(d);
		return NULL;
	}
	return d;
}

static int start_driver(struct driver *d)
{
	int result = 0;

	if (d->peer != NULL)
		result = start(&d->peer->id, NULL, peer_body, d->peer);
	if (result < 0) {
		discard(d);
		return result;
	}
	if ((result = start(&d->driver->id, NULL, driver_body, d->driver)) < 0) {
		if (d->peer != NULL)
			stop_peer(d);
		discard(d);
	}
	return result;
}

int driver_new_pair(struct driver **new, enum op op)
{
	struct driver *d = new_driver(op, 2);

	if (d == NULL)
		return -ENOMEM;
	if ((d->peer = new_thread(op)) == NULL) {
		discard(d);
		return -ENOMEM;
	}
	d->driver->other = d->peer;
	d->peer->other = d->driver;
	if (op == PIPE) {
		if (pipe2(d->fds, O_CLOEXEC) < 0 || pipe2(d->fds + 2, O_CLOEXEC) < 0) {
			int result = -errno;
			discard(d);
			return result;
		}
		d->peer->in = d->fds[0], d->driver->out = d->fds[1];
		d->driver->in = d->fds[2], d->peer->out = d->fds[3];
	}
	*new = d;
	return start_driver(d);
}

int driver_new_creator(struct driver **new, uint64_t batch)
{
	struct driver *d = new_driver(CREATE, batch);

	if (d == NULL)
		return -ENOMEM;
	d->driver->batch = batch;
	if ((d->driver->children = calloc(batch, sizeof(pthread_t))) == NULL) {
		discard(d);
		return -ENOMEM;
	}
	*new = d;
	return start_driver(d);
}

int driver_pin(struct driver *d, int driver_cpu, int peer_cpu)
{
	cpu_set_t set;
	int refused;

	CPU_ZERO(&set);
	CPU_SET(driver_cpu, &set);
	refused = pthread_setaffinity_np(d->driver->id, sizeof set, &set);
	if (refused == 0 && d->peer != NULL) {
		CPU_ZERO(&set);
		CPU_SET(peer_cpu, &set);
		refused = pthread_setaffinity_np(d->peer->id, sizeof set, &set);
	}
	return -refused;
}

uint32_t *driver_done(struct driver *d) { return (uint32_t *)&d->driver->done; }

uint32_t driver_begin(struct driver *d, uint64_t ops, uint64_t warm_ops)
{
	struct thread *t = d->driver;
	uint32_t over = LOAD(&t->done);

	t->n = (ops + d->ops_per_call - 1) / d->ops_per_call;
	t->warm = (warm_ops + d->ops_per_call - 1) / d->ops_per_call;
	d->calls = t->calls;
	if (d->peer != NULL) {
		d->answers = LOAD(&d->peer->calls);
		d->peer->cpu = NO_CPU;
	}
	set_and_wake(&t->gate, over + 1);
	return over;
}

static int64_t switches(const struct rusage *u) { return u->ru_nvcsw + u->ru_nivcsw; }

static int64_t nanoseconds(const struct timespec *t) { return t->tv_sec * INT64_C(1000000000) + t->tv_nsec; }

/* -EPROTO if the calls made are not those asked for. */
int driver_end(struct driver *d, struct timing *timing)
{
	struct thread *t = d->driver, *peer = d->peer;
	int64_t failed = atomic_exchange(&t->failed, 0);

	if (peer != NULL && failed == 0)
		failed = atomic_exchange(&peer->failed, 0);
	if (failed < 0)
		return (int)failed;
	if (t->calls - d->calls != t->n + t->warm)
		return -EPROTO;
	*timing = (struct timing){
		.ops = (int64_t)(t->n * d->ops_per_call),
		.ns = nanoseconds(&t->ended) - nanoseconds(&t->began),
		.switches = switches(&t->after) - switches(&t->before),
		.answers = peer == NULL ? 0 : (int64_t)(LOAD(&peer->calls) - d->answers),
		.samples = (int64_t)t->samples,
		.crossed = (int64_t)t->crossed,
		.spawned = (int64_t)t->spawned,
	};
	return 0;
}

void driver_close(struct driver *d)
{
	STORE(&d->driver->quit, 1);
	set_and_wake(&d->driver->gate, LOAD(&d->driver->done) + 1);
	join(d->driver->id);
	if (d->peer != NULL)
		stop_peer(d);
	discard(d);
}

struct set {
	_Atomic uint32_t arrived, want, release, next;
	uint64_t depth, made;
	int on_least_stack;
	pthread_attr_t attr;
	pthread_t *ids;
	uint32_t *tids;
};

/*
 * Touches each page of its stack down to the depth, arrives, waits until the
 * set is released, and exits.
 */
static void *park(void *set)
{
	struct set *h = set;

	if (h->depth > 0) {
		volatile char *deepest = alloca(h->depth);
		for (uint64_t at = h->depth; at > 4096; at -= 4096)
			deepest[at - 1] = 1;
		deepest[0] = 1;
	}
	h->tids[h->next++] = (uint32_t)syscall(SYS_gettid);
	if (++h->arrived == LOAD(&h->want))
		syscall(SYS_futex, &h->arrived, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	wait_while(&h->release, 0);
	return NULL;
}

static void free_set(struct set *h)
{
	if (h->on_least_stack)
		pthread_attr_destroy(&h->attr);
	free(h->ids);
	free(h->tids);
	free(h);
}

static int set_least_stack(struct set *h)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t bytes = ((uint64_t)sysconf(_SC_THREAD_STACK_MIN) + h->depth + page - 1) / page * page;
	int refused = pthread_attr_init(&h->attr);

	if (refused == 0) {
		h->on_least_stack = 1;
		refused = pthread_attr_setstacksize(&h->attr, bytes);
	}
	return -refused;
}

int set_new(struct set **new, uint64_t most, uint64_t depth_bytes, int on_least_stack)
{
	struct set *h = calloc(1, sizeof *h);
	int result = 0;

	if (h == NULL)
		return -ENOMEM;
	h->depth = depth_bytes;
	h->ids = calloc(most, sizeof *h->ids);
	h->tids = calloc(most, sizeof *h->tids);
	if (h->ids == NULL || h->tids == NULL)
		result = -ENOMEM;
	else if (on_least_stack)
		result = set_least_stack(h);
	if (result < 0) {
		free_set(h);
		return result;
	}
	*new = h;
	return 0;
}

int set_grow(struct set *h, uint64_t n)
{
	sigset_t all, before;
	int refused = 0;

	STORE(&h->want, h->made + n);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; n > 0 && refused == 0; n--) {
		refused = pthread_create(&h->ids[h->made], h->on_least_stack ? &h->attr : NULL, park, h);
		if (refused == 0) {
			h->made++;
			alive++;
		}
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	STORE(&h->want, h->made);
	return -refused;
}

void set_wait(struct set *h)
{
	uint32_t arrived;

	while ((arrived = LOAD(&h->arrived)) < h->made)
		syscall(SYS_futex, &h->arrived, FUTEX_WAIT_PRIVATE, arrived, NULL, NULL, 0);
}

void set_release(struct set *h) { set_and_wake(&h->release, 1); }

uint32_t *set_tids(struct set *h, uint64_t *n)
{
	*n = h->made;
	return h->tids;
}

void set_join(struct set *h)
{
	for (uint64_t i = 0; i < h->made; i++)
		join(h->ids[i]);
	free_set(h);
}
