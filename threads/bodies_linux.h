// The bodies that are made of macros alone, for every architecture, and where
// all bodies begin. raw_linux_*.s has the macros and all other bodies, and
// includes this at its end.

// var pcs bodies: those of raw_linux_*.s, each with what it does, and those
// below.
DATA ·pcs+bodies_exit(SB)/8, $exit<>(SB)

// watch gives the thread the signal stack of faults, leaves it the mask with
// their signals open, and goes on with what the thread is for.
DATA ·pcs+bodies_watch(SB)/8, $watch<>(SB)

// fault is the handler of the signals of faults. On the stack of faults it
// posts what the kernel tells, and waits for the end. On any other it is a
// thread of the Go runtime's: the handler that was there finds everything as
// the kernel left it.
DATA ·pcs+bodies_fault(SB)/8, $fault<>(SB)

// work arrives, waits for a turn and takes it, does its steps of work, counts
// itself, and parks. The last one to have worked wakes who waits for that.
DATA ·pcs+bodies_work(SB)/8, $work<>(SB)

// share is a crew's worker: it waits for a list, does the item that the shared
// index says until there is none left, and takes the time; the last one says
// that the list is done. Until quit.
DATA ·pcs+bodies_share(SB)/8, $share<>(SB)

// source puts the items from next up to until, which grows with each order,
// into its ring. It sleeps on turn; until quit.
DATA ·pcs+bodies_source(SB)/8, $source<>(SB)

// stage takes an item from one ring, does its work, and puts what it comes to
// into the other; until quit.
DATA ·pcs+bodies_stage(SB)/8, $stage<>(SB)

// listen arrives, reads a byte, and again, until there is none; it says what
// read answered last, and exits.
DATA ·pcs+bodies_listen(SB)/8, $listen<>(SB)

// sync is listen with a record written to another file, and synced, for each
// byte. If one of the calls fails it says what that answered, and exits.
DATA ·pcs+bodies_sync(SB)/8, $sync<>(SB)

// hog arrives and does chunks of work, from its own tid on, until the herd is
// released; it says what they have come to, and exits.
DATA ·pcs+bodies_hog(SB)/8, $hog<>(SB)

// echo arrives, and writes back what it reads until there is no more to read,
// or a call fails.
DATA ·pcs+bodies_echo(SB)/8, $echo<>(SB)

// driveRead reads a byte, takes a stamp, and counts the byte.
DATA ·pcs+bodies_driveRead(SB)/8, $driveRead<>(SB)

// driveSink is a pipeline's end. It has the source put as many items as there
// are calls still to make and ahead more, if the source has none to put: at the
// first call of the warm-up and, unless they were ordered ahead, of those on the
// clock. Then it takes an item and adds it up. Its peer is the source.
DATA ·pcs+bodies_driveSink(SB)/8, $driveSink<>(SB)

DATA ·pcs+bodies_park(SB)/8, $park<>(SB)
DATA ·pcs+bodies_begin(SB)/8, $begin<>(SB)
DATA ·pcs+bodies_driveFutex(SB)/8, $driveFutex<>(SB)
DATA ·pcs+bodies_driveFutexCalled(SB)/8, $driveFutexCalled<>(SB)
DATA ·pcs+bodies_driveFutexStamped(SB)/8, $driveFutexStamped<>(SB)
DATA ·pcs+bodies_driveMiss(SB)/8, $driveMiss<>(SB)
DATA ·pcs+bodies_drivePipe(SB)/8, $drivePipe<>(SB)
DATA ·pcs+bodies_drivePipeCalled(SB)/8, $drivePipeCalled<>(SB)
DATA ·pcs+bodies_drivePipeStamped(SB)/8, $drivePipeStamped<>(SB)
DATA ·pcs+bodies_driveYield(SB)/8, $driveYield<>(SB)
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
GLOBL ·pcs(SB), NOPTR, $bodies__size

// park touches each page of its stack down to the depth, arrives, waits until
// the herd is released, and exits.
TEXT park<>(SB), NOSPLIT|NOFRAME, $0-0
	TOUCH(nextPage, page, touched)
	ARRIVE
	JMP  hold<>(SB)

// begin takes a stamp as its first instruction, and exits.
TEXT begin<>(SB), NOSPLIT|NOFRAME, $0-0
	STAMP
	JMP  exit<>(SB)

// A driver waits for a turn at its gate, makes the warm-up's calls, makes n
// calls on the clock, and says that the turn is over; until quit. Its body is
// TURN, one call, TURNED.
//
// Between the two readings of the clock it does nothing for the evidence but
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
	FUTEXMISS(missed)
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

// The hand-offs of mode=called: each half is a function, as it is in a program
// that goes through a library. It returns after the switch.

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

// driveCreate makes its children and joins them.
TEXT driveCreate<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	SPAWN(more, failed, child, made)
	JOIN(nextChild, wait, check, joined)
	TURNED

// driveCreateStamped takes a stamp before it makes them.
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
