// The bodies that consist of macros alone, for every architecture, and the
// table of all bodies. raw_linux_*.s has the macros and the other bodies, and
// includes this file at its end.

// var pcs bodies: first those of raw_linux_*.s, each with a description, then
// those below.
DATA ·pcs+bodies_exit(SB)/8, $exit<>(SB)

// watch gives the thread the signal stack of faults, unblocks their signals,
// and goes on with the thread's own body.
DATA ·pcs+bodies_watch(SB)/8, $watch<>(SB)

// fault handles the signals of faults. On the stack of faults it posts the
// kernel's data and waits for the end of the process. On any other stack the
// thread is the Go runtime's: fault jumps to the previous handler, with all as
// the kernel left it.
DATA ·pcs+bodies_fault(SB)/8, $fault<>(SB)

// work arrives, waits for a turn and takes it, does its steps of work, counts
// itself, and parks. The last worker to finish wakes the waiter.
DATA ·pcs+bodies_work(SB)/8, $work<>(SB)

// share is a pool's worker, until quit: it waits for a list, does the items
// that the shared index gives it until none is left, and reads the clock. The
// last worker marks the list done.
DATA ·pcs+bodies_share(SB)/8, $share<>(SB)

// source puts the items from next up to until, which grows with each order,
// into its ring. It sleeps on turn, until quit.
DATA ·pcs+bodies_source(SB)/8, $source<>(SB)

// stage takes an item from one ring, does its work, and puts the result into
// the other, until quit.
DATA ·pcs+bodies_stage(SB)/8, $stage<>(SB)

// listen arrives and reads a byte, over and over, until there is none. It
// stores the last result of read, and exits.
DATA ·pcs+bodies_listen(SB)/8, $listen<>(SB)

// sync is listen that also writes a record to another file, and syncs it, for
// each byte. It stores the result of a call that failed, and exits.
DATA ·pcs+bodies_sync(SB)/8, $sync<>(SB)

// hog arrives and does chunks of work, starting from its own tid, until the
// set is released. It stores the result, and exits.
DATA ·pcs+bodies_hog(SB)/8, $hog<>(SB)

// echo arrives, and writes back what it reads until there is no more to read,
// or a call fails.
DATA ·pcs+bodies_echo(SB)/8, $echo<>(SB)

// driveRead reads a byte, takes a stamp, and counts the byte.
DATA ·pcs+bodies_driveRead(SB)/8, $driveRead<>(SB)

// driveSink is a pipeline's end: it takes an item and adds it up. Its peer is
// the source. When the source has no more to put, driveSink orders items: as
// many as there are calls still to make, and ahead more. So it orders at the
// first call of the warm-up, and at the first on the clock unless those were
// ordered ahead.
DATA ·pcs+bodies_driveSink(SB)/8, $driveSink<>(SB)

DATA ·pcs+bodies_park(SB)/8, $park<>(SB)
DATA ·pcs+bodies_begin(SB)/8, $begin<>(SB)
DATA ·pcs+bodies_driveFutex(SB)/8, $driveFutex<>(SB)
DATA ·pcs+bodies_driveFutexCalled(SB)/8, $driveFutexCalled<>(SB)
DATA ·pcs+bodies_driveFutexStamped(SB)/8, $driveFutexStamped<>(SB)
DATA ·pcs+bodies_driveMiss(SB)/8, $driveMiss<>(SB)
DATA ·pcs+bodies_driveMissCalled(SB)/8, $driveMissCalled<>(SB)
DATA ·pcs+bodies_drivePipe(SB)/8, $drivePipe<>(SB)
DATA ·pcs+bodies_drivePipeCalled(SB)/8, $drivePipeCalled<>(SB)
DATA ·pcs+bodies_drivePipeStamped(SB)/8, $drivePipeStamped<>(SB)
DATA ·pcs+bodies_driveYield(SB)/8, $driveYield<>(SB)
DATA ·pcs+bodies_driveYieldCalled(SB)/8, $driveYieldCalled<>(SB)
DATA ·pcs+bodies_driveGettid(SB)/8, $driveGettid<>(SB)
DATA ·pcs+bodies_driveCreate(SB)/8, $driveCreate<>(SB)
DATA ·pcs+bodies_driveCreateStamped(SB)/8, $driveCreateStamped<>(SB)
DATA ·pcs+bodies_driveStamp(SB)/8, $driveStamp<>(SB)
DATA ·pcs+bodies_driveGrow(SB)/8, $driveGrow<>(SB)
DATA ·pcs+bodies_driveSleep(SB)/8, $driveSleep<>(SB)
DATA ·pcs+bodies_drivePace(SB)/8, $drivePace<>(SB)
DATA ·pcs+bodies_serveFutex(SB)/8, $serveFutex<>(SB)
DATA ·pcs+bodies_serveFutexCalled(SB)/8, $serveFutexCalled<>(SB)
DATA ·pcs+bodies_serveFutexStamped(SB)/8, $serveFutexStamped<>(SB)
DATA ·pcs+bodies_servePipe(SB)/8, $servePipe<>(SB)
DATA ·pcs+bodies_servePipeCalled(SB)/8, $servePipeCalled<>(SB)
DATA ·pcs+bodies_servePipeStamped(SB)/8, $servePipeStamped<>(SB)
DATA ·pcs+bodies_serveYield(SB)/8, $serveYield<>(SB)
DATA ·pcs+bodies_serveYieldCalled(SB)/8, $serveYieldCalled<>(SB)
GLOBL ·pcs(SB), NOPTR, $bodies__size

// park touches each page of its stack down to the depth, arrives, waits until
// the set is released, and exits.
TEXT park<>(SB), NOSPLIT|NOFRAME, $0-0
	TOUCH(nextPage, page, touched)
	ARRIVE
	JMP  hold<>(SB)

// begin takes a stamp as its first instruction, and exits.
TEXT begin<>(SB), NOSPLIT|NOFRAME, $0-0
	STAMP
	JMP  exit<>(SB)

// A driver waits for a turn at its gate, makes the warm-up's calls, makes n
// calls on the clock, and marks the turn done, until quit. Its body is TURN,
// one call, TURNED.
//
// For the evidence it does nothing between the two readings of the clock but
// count the calls and, where asks says so, ask for its CPU.
//
// A peer takes the turn and passes it back, until quit. Its body is MEET, the
// half that takes, MET, the half that passes, PARTED.

TEXT driveFutex<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	FUTEXPASS(passed)
	FUTEXTAKE(wait, check)
	TURNED

TEXT serveFutex<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	FUTEXTAKE(wait, check)
	MET
	FUTEXPASS(passed)
	PARTED

TEXT driveFutexStamped<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	FUTEXPASS(passed)
	FUTEXTAKE(wait, check)
	STAMP
	TURNED

TEXT serveFutexStamped<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	FUTEXTAKE(wait, check)
	STAMP
	MET
	FUTEXPASS(passed)
	PARTED

TEXT driveMiss<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	FUTEXNOBODY(woken)
	FUTEXNOTYET
	TURNED

TEXT drivePipe<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	PIPEPASS(passed)
	PIPETAKE(taken)
	TURNED

TEXT servePipe<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	PIPETAKE(taken)
	MET
	PIPEPASS(passed)
	PARTED

TEXT drivePipeStamped<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	PIPEPASS(passed)
	PIPETAKE(taken)
	STAMP
	TURNED

TEXT servePipeStamped<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	PIPETAKE(taken)
	STAMP
	MET
	PIPEPASS(passed)
	PARTED

TEXT driveYield<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	YIELD
	TURNED

TEXT serveYield<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	AWAIT(wait, check)
	MET
	YIELD
	PARTED

// driveGettid makes a system call that does next to nothing.
TEXT driveGettid<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	SEEN
	TURNED

// The hand-offs of mode=called: each half is a function, as in a program that
// goes through a library. The function returns after the switch.

TEXT futexPass<>(SB), NOSPLIT|NOFRAME, $0-0
	FUTEXPASS(passed)
	RET

TEXT futexTake<>(SB), NOSPLIT|NOFRAME, $0-0
	FUTEXTAKE(wait, check)
	RET

TEXT pipePass<>(SB), NOSPLIT|NOFRAME, $0-0
	PIPEPASS(passed)
	RET

TEXT pipeTake<>(SB), NOSPLIT|NOFRAME, $0-0
	PIPETAKE(taken)
	RET

TEXT futexNobody<>(SB), NOSPLIT|NOFRAME, $0-0
	FUTEXNOBODY(woken)
	RET

TEXT futexNotYet<>(SB), NOSPLIT|NOFRAME, $0-0
	FUTEXNOTYET
	RET

TEXT yield<>(SB), NOSPLIT|NOFRAME, $0-0
	YIELD
	RET

TEXT driveFutexCalled<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	CALL futexPass<>(SB)
	CALL futexTake<>(SB)
	TURNED

TEXT serveFutexCalled<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	CALL futexTake<>(SB)
	MET
	CALL futexPass<>(SB)
	PARTED

TEXT drivePipeCalled<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	CALL pipePass<>(SB)
	CALL pipeTake<>(SB)
	TURNED

TEXT servePipeCalled<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	CALL pipeTake<>(SB)
	MET
	CALL pipePass<>(SB)
	PARTED

TEXT driveMissCalled<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	CALL futexNobody<>(SB)
	CALL futexNotYet<>(SB)
	TURNED

TEXT driveYieldCalled<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	CALL yield<>(SB)
	TURNED

TEXT serveYieldCalled<>(SB), NOSPLIT|NOFRAME, $0-0
	MEET
	AWAIT(wait, check)
	MET
	CALL yield<>(SB)
	PARTED

// driveCreate makes its children and joins them.
TEXT driveCreate<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	SPAWN(more, failed, child, made)
	JOIN(nextChild, wait, check, joined)
	TURNED

// driveCreateStamped takes a stamp before it makes its child.
TEXT driveCreateStamped<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	STAMP
	SPAWN(more, failed, child, made)
	JOIN(nextChild, wait, check, joined)
	TURNED

// driveStamp takes two stamps.
TEXT driveStamp<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	STAMP
	STAMP
	TURNED

// driveGrow touches its stack between two stamps.
TEXT driveGrow<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	STAMP
	TOUCH(nextPage, page, touched)
	STAMP
	TURNED

TEXT driveSleep<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	SLEEP(slept)
	STAMP
	TURNED

TEXT drivePace<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	SLEEP(slept)
	STAMP
	PIPEPASS(passed)
	TURNED
