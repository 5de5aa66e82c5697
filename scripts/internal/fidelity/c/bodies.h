/*
 * A pair of threads that hand the turn to each other, and a thread that makes
 * threads, in C: what threads/raw_linux_*.s does in assembly, system call for
 * system call and in the same order, with the same words in the same places.
 *
 * Who includes it says what a thread is:
 *
 *   new_control   makes a control, and whatever its thread will stand on
 *   start         makes its thread run c->body(c)
 *   join          waits until that thread is gone
 *   free_control  gives back what new_control made
 *
 * Results are 0, or -errno. Nothing here touches errno or any other
 * thread-local storage: a raw thread has none.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>

enum {
	SAMPLE_EVERY = 256, /* every so many calls both sides ask for their CPU */
	NO_CPU = 1 << 16,   /* what cpu holds until the thread has asked */
	TLS_BYTES = 256,
	TLS_BASE = TLS_BYTES / 2,
};

/* What two threads hand the turn to each other with: threads.Op. */
enum op { FUTEX, PIPE, YIELD };

/* See the control in threads/abi_linux.go. */
struct control {
	uint32_t tid, seen;
	void *(*body)(void *);
	uint64_t thread;    /* what start makes of it, if it is no raw thread */
	uint64_t unused[5]; /* what is not needed here, so that the rest stands where it does there */

	uint32_t gate, done, run, quit;
	uint64_t warm, n;

	void (*pass)(struct control *), (*take)(struct control *);
	struct control *other;
	uint32_t turn;
	int32_t in, out;
	uint32_t cpu;
	struct control **children;
	uint64_t batch;

	uint64_t calls, samples, crossed, spawned;
	int64_t failed;
	struct timespec began, ended;
	struct rusage before, after;
	char tls[TLS_BYTES];
};

static int new_control(struct control **c);
static int start(struct control *c);
static void join(struct control *c);
static void free_control(struct control *c);

/* A system call of up to four arguments; the rest are 0. */
static inline long sys(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	long result;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
#error raw threads need linux/amd64 or linux/arm64
#endif
}

static inline uint32_t load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static inline void store(uint32_t *word, uint32_t v) { __atomic_store_n(word, v, __ATOMIC_RELEASE); }
static inline long futex(uint32_t *word, int op, uint32_t v) { return sys(SYS_futex, (long)word, op, v, 0); }

static inline void check(struct control *c, long result)
{
	if (result < 0)
		c->failed = result;
}

static void futex_pass(struct control *c)
{
	store(&c->other->turn, 1);
	check(c, futex(&c->other->turn, FUTEX_WAKE_PRIVATE, 1));
}

static void futex_take(struct control *c)
{
	while (load(&c->turn) == 0)
		futex(&c->turn, FUTEX_WAIT_PRIVATE, 0);
	store(&c->turn, 0);
}

static void pipe_pass(struct control *c)
{
	char byte;
	check(c, sys(SYS_write, c->out, (long)&byte, 1, 0));
}

static void pipe_take(struct control *c)
{
	char byte;
	check(c, sys(SYS_read, c->in, (long)&byte, 1, 0));
}

static void yield_pass(struct control *c)
{
	(void)c;
	sys(SYS_sched_yield, 0, 0, 0, 0);
}

/* Keeps a yielding peer asleep between the turns. */
static void yield_take(struct control *c)
{
	while (load(&c->other->run) == 0)
		futex(&c->other->run, FUTEX_WAIT_PRIVATE, 0);
}

static void nop(struct control *c) { (void)c; }

static void spawn_children(struct control *c)
{
	for (uint64_t i = 0; i < c->batch; i++) {
		int result = start(c->children[i]);
		if (result < 0)
			c->failed = result;
		else
			c->spawned++;
	}
}

static void join_children(struct control *c)
{
	for (uint64_t i = 0; i < c->batch; i++)
		join(c->children[i]);
}

static inline void sample(struct control *c)
{
	if (c->calls % SAMPLE_EVERY == 0)
		check(c, sys(SYS_getcpu, (long)&c->cpu, 0, 0, 0));
}

static void *drive(void *control)
{
	struct control *c = control, *peer = c->other;
	uint32_t gate;

	store(&c->seen, (uint32_t)sys(SYS_gettid, 0, 0, 0, 0));
	for (;;) {
		while ((gate = load(&c->gate)) == c->done)
			futex(&c->gate, FUTEX_WAIT_PRIVATE, c->done);
		if (load(&c->quit))
			return NULL;
		store(&c->run, 1);
		futex(&c->run, FUTEX_WAKE_PRIVATE, 1);

		for (uint64_t left = c->warm; left > 0; left--) {
			sample(c);
			c->pass(c);
			c->take(c);
			c->calls++;
		}
		check(c, sys(SYS_getrusage, RUSAGE_SELF, (long)&c->before, 0, 0));
		check(c, sys(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&c->began, 0, 0));
		for (uint64_t left = c->n; left > 0; left--) {
			sample(c);
			c->pass(c);
			c->take(c);
			if (c->calls++ % SAMPLE_EVERY == 0 && peer != NULL && load(&peer->cpu) != NO_CPU) {
				c->samples++;
				if (load(&peer->cpu) != c->cpu)
					c->crossed++;
			}
		}
		check(c, sys(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&c->ended, 0, 0));
		check(c, sys(SYS_getrusage, RUSAGE_SELF, (long)&c->after, 0, 0));

		store(&c->run, 0);
		store(&c->done, gate);
		futex(&c->done, FUTEX_WAKE_PRIVATE, 1);
	}
}

static void *serve(void *control)
{
	struct control *c = control;

	store(&c->seen, (uint32_t)sys(SYS_gettid, 0, 0, 0, 0));
	for (;;) {
		c->take(c);
		if (load(&c->quit))
			return NULL;
		sample(c);
		c->calls++;
		c->pass(c);
	}
}

/* What a spawned thread does. */
static void *leave(void *control)
{
	(void)control;
	return NULL;
}

/* A driver is a threads.Driver. */
struct driver {
	struct control *driver, *peer; /* no peer for one that makes threads */
	struct control **children;
	uint64_t batch, ops; /* ops: in one call of pass and take */
	int fds[4];
	uint64_t calls, answers, samples, crossed, spawned; /* before the turn */
};

/* A timing is a threads.Timing. */
struct timing {
	int64_t ops, ns, switches, answers, samples, crossed, spawned;
};

/* start, with every signal blocked on the new thread. */
static int start_masked(struct control *c)
{
	uint64_t all = ~(uint64_t)0, before;
	int result;

	sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, sizeof all);
	result = start(c);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before);
	return result;
}

static void wake_with(uint32_t *word, uint32_t v)
{
	store(word, v);
	futex(word, FUTEX_WAKE_PRIVATE, 1 << 30);
}

static void stop_peer(struct driver *d)
{
	store(&d->peer->quit, 1);
	wake_with(&d->peer->turn, 1);
	wake_with(&d->driver->run, 1);
	if (d->fds[1] >= 0)
		sys(SYS_write, d->fds[1], (long)"", 1, 0);
	join(d->peer);
}

/* Gives back what no thread runs on any more. */
static void discard(struct driver *d)
{
	if (d->driver != NULL)
		free_control(d->driver);
	if (d->peer != NULL)
		free_control(d->peer);
	for (uint64_t i = 0; i < d->batch; i++)
		if (d->children[i] != NULL)
			free_control(d->children[i]);
	free(d->children);
	for (int i = 0; i < 4; i++)
		if (d->fds[i] >= 0)
			close(d->fds[i]);
}

static int new_body(struct control **c, void *(*body)(void *), void (*pass)(struct control *), void (*take)(struct control *))
{
	int result = new_control(c);
	if (result < 0) {
		*c = NULL;
		return result;
	}
	(*c)->body = body;
	(*c)->pass = pass;
	(*c)->take = take;
	return 0;
}

static int start_driver(struct driver *d)
{
	int result;

	if (d->peer != NULL && (result = start_masked(d->peer)) < 0) {
		discard(d);
		return result;
	}
	if ((result = start_masked(d->driver)) < 0) {
		if (d->peer != NULL)
			stop_peer(d);
		discard(d);
	}
	return result;
}

/* threads.NewPair. */
static int new_pair(struct driver *d, enum op op)
{
	static void (*const pass[])(struct control *) = {futex_pass, pipe_pass, yield_pass};
	static void (*const take[])(struct control *) = {futex_take, pipe_take, yield_take};
	int result;

	*d = (struct driver){.ops = 2, .fds = {-1, -1, -1, -1}};
	if ((result = new_body(&d->driver, drive, pass[op], op == YIELD ? nop : take[op])) < 0 ||
	    (result = new_body(&d->peer, serve, pass[op], take[op])) < 0) {
		discard(d);
		return result;
	}
	d->driver->other = d->peer;
	d->peer->other = d->driver;
	if (op == PIPE) {
		if (pipe2(d->fds, O_CLOEXEC) < 0 || pipe2(d->fds + 2, O_CLOEXEC) < 0) {
			result = -errno;
			discard(d);
			return result;
		}
		d->peer->in = d->fds[0], d->driver->out = d->fds[1];
		d->driver->in = d->fds[2], d->peer->out = d->fds[3];
	}
	return start_driver(d);
}

/* threads.NewCreator. */
static int new_creator(struct driver *d, uint64_t batch)
{
	int result;

	*d = (struct driver){.batch = batch, .ops = batch, .fds = {-1, -1, -1, -1}};
	if ((d->children = calloc(batch, sizeof *d->children)) == NULL) {
		d->batch = 0;
		return -ENOMEM;
	}
	result = new_body(&d->driver, drive, spawn_children, join_children);
	for (uint64_t i = 0; i < batch && result == 0; i++)
		result = new_body(&d->children[i], leave, NULL, NULL);
	if (result < 0) {
		discard(d);
		return result;
	}
	d->driver->children = d->children;
	d->driver->batch = batch;
	return start_driver(d);
}

static int64_t switches(const struct rusage *u) { return u->ru_nvcsw + u->ru_nivcsw; }

static int64_t nanoseconds(const struct timespec *t) { return t->tv_sec * INT64_C(1000000000) + t->tv_nsec; }

/*
 * threads.Driver.Run, in three steps: the turn begins, it is over when the
 * driver's done is no longer what begin_turn answers, and it ends with what was
 * measured.
 */
static uint32_t begin_turn(struct driver *d, uint64_t n, uint64_t warm)
{
	struct control *c = d->driver, *peer = d->peer;
	uint32_t over = load(&c->done);

	d->calls = c->calls, d->samples = c->samples, d->crossed = c->crossed, d->spawned = c->spawned;
	c->n = (n + d->ops - 1) / d->ops;
	c->warm = (warm + d->ops - 1) / d->ops;
	if (peer != NULL) {
		d->answers = __atomic_load_n(&peer->calls, __ATOMIC_ACQUIRE);
		store(&peer->cpu, NO_CPU);
	}
	wake_with(&c->gate, over + 1);
	return over;
}

/* -EPROTO if the calls made are not those asked for. */
static int end_turn(struct driver *d, struct timing *t)
{
	struct control *c = d->driver, *peer = d->peer;
	int64_t failed = __atomic_exchange_n(&c->failed, 0, __ATOMIC_ACQ_REL);

	if (peer != NULL && failed == 0)
		failed = __atomic_exchange_n(&peer->failed, 0, __ATOMIC_ACQ_REL);
	if (failed < 0)
		return (int)failed;
	if (c->calls - d->calls != c->n + c->warm)
		return -EPROTO;
	*t = (struct timing){
		.ops = (int64_t)(c->n * d->ops),
		.ns = nanoseconds(&c->ended) - nanoseconds(&c->began),
		.switches = switches(&c->after) - switches(&c->before),
		.samples = (int64_t)(c->samples - d->samples),
		.crossed = (int64_t)(c->crossed - d->crossed),
		.spawned = (int64_t)(c->spawned - d->spawned),
	};
	if (peer != NULL)
		t->answers = (int64_t)(__atomic_load_n(&peer->calls, __ATOMIC_ACQUIRE) - d->answers);
	return 0;
}

/* threads.Driver.Close. */
static void close_driver(struct driver *d)
{
	struct control *c = d->driver;

	store(&c->quit, 1);
	wake_with(&c->gate, load(&c->done) + 1);
	join(c);
	if (d->peer != NULL)
		stop_peer(d);
	discard(d);
}
