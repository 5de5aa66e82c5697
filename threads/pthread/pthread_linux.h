/*
 * The tasks of impl=pthread, as pthread_linux.go sees them. A result is 0 or
 * -errno.
 */
#include <stdint.h>

/* The primitive by which two threads hand the turn to each other: threads.Op. */
enum op { FUTEX, PIPE, YIELD, CREATE };

/* A thread that does ops in turns: threads.Driver. */
struct driver {
	struct thread *driver, *peer; /* no peer for one that makes threads */
	uint64_t ops_per_call;
	int fds[4];              /* the peer reads 0, the driver writes 1 and reads 2, the peer writes 3 */
	uint64_t calls, answers; /* before the turn */
};

/* What a turn measured: threads.Timing. */
struct timing {
	int64_t ops, ns, switches, answers, samples, crossed, spawned;
};

/* Threads started and not joined. */
int64_t threads_alive(void);

/* The version of glibc, or NULL for another C library. */
const char *library_version(void);

int driver_new_pair(struct driver **, enum op);
int driver_new_creator(struct driver **, uint64_t batch);
int driver_pin(struct driver *, int driver_cpu, int peer_cpu);

/*
 * A turn is over when the word at driver_done no longer has the value that
 * driver_begin returned. driver_end then gives the measurement. Both counts of
 * ops are rounded up to whole calls.
 */
uint32_t driver_begin(struct driver *, uint64_t ops, uint64_t warm_ops);
uint32_t *driver_done(struct driver *);
int driver_end(struct driver *, struct timing *);

void driver_close(struct driver *);

/* Threads that touch their stacks, park, and exit together: threads.Set. */
struct set;

int set_new(struct set **, uint64_t most, uint64_t depth_bytes, int on_least_stack);
int set_grow(struct set *, uint64_t n);
void set_wait(struct set *);
void set_release(struct set *);
uint32_t *set_tids(struct set *, uint64_t *n);
void set_join(struct set *);
