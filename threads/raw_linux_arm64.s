#include "textflag.h"
#include "go_asm.h"

// A system call takes its number in R8 and its arguments in R0 to R5. It
// returns in R0, -errno for an error, and keeps every other register. The
// package's doc lists the shared words, and what orders them.

// CLONE starts a raw thread on the control c: its stack grows down from c.
// In the parent R0 is the tid or -errno, in the child 0; every other register
// is the same in both. Here tls comes before ctid.
#define CLONE(c) \
	MOVD $const_cloneFlags, R0 \
	MOVD c, R1 /* the stack's top */ \
	ADD  $control_tid, c, R2 /* PARENT_SETTID writes it */ \
	ADD  $(control_tls+const_tlsBase), c, R3 /* SETTLS */ \
	ADD  $control_tid, c, R4 /* CHILD_CLEARTID clears it */ \
	MOVD $const_sysClone, R8 \
	SVC

// ACQUIRE loads a word of the struct that a register points to; nothing after
// it is read earlier. It leaves the word's address in R0.
#define ACQUIRE(word, of, to) \
	ADD  word, of, R0 \
	LDARW (R0), to

// FUTEX is a futex operation with no timeout on the word whose address is in
// R0.
#define FUTEX(op, val) \
	MOVD $op, R1 \
	MOVD val, R2 \
	MOVD ZR, R3 \
	MOVD $const_sysFutex, R8 \
	SVC

// SIGMASK sets the thread's signal mask. R1 is the address of the new mask, R2
// that for the old one, or 0.
#define SIGMASK \
	MOVD $const_sigSetmask, R0 \
	MOVD $const_sigsetBytes, R3 \
	MOVD $const_sysSigprocmask, R8 \
	SVC

// func clone(c *control) (result int)
//
// Starts a raw thread on c whose body is c.body. The result is its tid, or
// -errno.
//
// All signals are blocked from before the clone until after it, so that the
// child inherits the full mask and keeps it. clone is one NOSPLIT function, so
// that the goroutine can't move to another thread between the two masks.
//
//	R19  c
//	R20  the result of clone
TEXT ·clone(SB), NOSPLIT|NOFRAME, $0-16
	MOVD c+0(FP), R19
	ADD  $control_blocked, R19, R1
	ADD  $control_mask, R19, R2
	SIGMASK
	CLONE(R19)
	CBZ  R0, child

	// In the parent: put its mask back.
	MOVD R0, R20
	ADD  $control_mask, R19, R1
	MOVD ZR, R2
	SIGMASK
	MOVD R20, result+8(FP)
	RET

child:
	// In the child: a new stack, no frame to go back to, no g.
	MOVD ZR, R29
	MOVD ZR, g
	MOVD control_body(R19), R9
	JMP  (R9)

// The bodies. Each begins with its control in R19, on its own stack, under the
// law of the raw thread (see the package's doc). bodies_linux.h describes each.
//
// No body calls or returns, apart from the two of mode=called: the first RETs
// of a thread that the kernel has just switched to are mispredicted where the
// kernel refills the CPU's return stack at each switch. So code that two bodies
// share is a macro.
//
//	R19  the thread's control
//	R20  the peer's control, or the set
//	R21  calls still to make

// exit ends the thread. The kernel clears the tid word, by a plain store, and
// wakes its futex. With the barrier, whoever sees the word cleared also sees
// all that the thread has written.
TEXT exit<>(SB), NOSPLIT|NOFRAME, $0-0
	DMB  $0xb // ISH
	MOVD ZR, R0
	MOVD $const_sysExit, R8
	SVC
	BRK

TEXT watch<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $·faults(SB), R21
	ADD  $faultWatch_alt, R21, R0
	MOVD ZR, R1
	MOVD $const_sysSigaltstack, R8
	SVC
	ADD  $faultWatch_blocked, R21, R1
	MOVD ZR, R2
	SIGMASK
	MOVD control_then(R19), R9
	JMP  (R9)

//	R0   the signal
//	R1   siginfo_t: si_code at 8, si_addr at 16
//	R2   ucontext_t: its sigcontext at 176, there regs at 8, sp, pc
//	R19  faults
TEXT fault<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $·faults(SB), R9
	MOVD RSP, R10
	SUB  R9, R10
	SUB  $faultWatch_stack, R10
	MOVD $const_faultStackBytes, R11
	CMP  R11, R10
	BLS  raw
	MOVWU R0, R10
	ADD  R10<<3, R9
	MOVD faultWatch_handlers(R9), R9
	JMP  (R9)
raw:
	MOVD R9, R19
	MOVD $1, R9
	ADD  $faultWatch_claimed, R19, R10
claim:
	LDAXRW (R10), R11
	STLXRW R9, (R10), R12
	CBNZ R12, claim
	CBNZW R11, wait
	MOVW R0, faultWatch_signal(R19)
	MOVW 8(R1), R9
	MOVW R9, faultWatch_code(R19)
	MOVD 16(R1), R9
	MOVD R9, faultWatch_addr(R19)
	MOVD (176+8+31*8)(R2), R9
	MOVD R9, faultWatch_sp(R19)
	MOVD (176+8+32*8)(R2), R9
	MOVD R9, faultWatch_pc(R19)
	MOVD $const_sysGettid, R8
	SVC
	MOVW R0, faultWatch_tid(R19)
	MOVD $1, R1
	ADD  $faultWatch_posted, R19, R0
	STLRW R1, (R0)
	FUTEX(const_futexWakePrivate, $1)
wait:
	ADD  $faultWatch_posted, R19, R0
	FUTEX(const_futexWaitPrivate, $1)
	JMP  wait

// SEEN stores the thread's id.
#define SEEN \
	MOVD $const_sysGettid, R8 \
	SVC \
	MOVW R0, control_seen(R19)

// COUNT counts the thread in a word of the set in R20. The thread that brings
// the count to want wakes the waiter.
#define COUNT(word, count, counted) \
	ADD  word, R20, R0 \
count: \
	LDAXRW (R0), R1 \
	ADDW $1, R1 \
	STLXRW R1, (R0), R2 \
	CBNZ R2, count \
	ADD  $set_want, R20, R2 \
	LDARW (R2), R2 /* not before the count is stored */ \
	CMPW R1, R2 \
	BNE  counted \
	FUTEX(const_futexWakePrivate, $1) \
counted:

// ARRIVE stores the thread's id and counts the thread into its set, which it
// leaves in R20.
#define ARRIVE \
	MOVD $const_sysGettid, R8 \
	SVC \
	ADD  $control_seen, R19, R1 \
	STLRW R0, (R1) \
	MOVD control_set(R19), R20 \
	COUNT($set_arrived, count, arrived)

// TOUCH touches each page of the stack from its top, the control, down to the
// depth. It writes without reading, so that each page has one fault. A body
// that doesn't call has nothing on its stack to overwrite.
#define TOUCH(next, page, touched) \
	MOVD control_depth(R19), R1 \
	MOVD R19, R0 \
	SUB  R1, R0, R1 /* the deepest byte to touch */ \
next: \
	CMP  R1, R0 \
	BLS  touched \
	SUB  $const_touchBytes, R0 \
	CMP  R1, R0 \
	BHI  page \
	MOVD R1, R0 \
page: \
	MOVB ZR, (R0) \
	JMP  next \
touched:

// STEPS does R1 steps of goroutines.Work on R0.
#define STEPS(step) \
	MOVD $6364136223846793005, R2 \
	MOVD $1442695040888963407, R3 \
	PCALIGN $64 \
step: \
	MADD R2, R3, R0, R0 \
	SUBS $1, R1 \
	BNE  step

// hold waits until the set in R20 is released, and exits.
TEXT hold<>(SB), NOSPLIT|NOFRAME, $0-0
	JMP  released
wait:
	ADD  $set_release, R20, R0
	FUTEX(const_futexWaitPrivate, ZR)
released:
	ACQUIRE($set_release, R20, R1)
	CBZW R1, wait
	JMP  exit<>(SB)

// FAILED keeps a negative result of a system call that may not fail.
#define FAILED(done) \
	TBZ  $63, R0, done \
	MOVD R0, control_failed(R19)

// TIME reads the clock.
#define TIME(at, read) \
	MOVD $const_clockMonotonic, R0 \
	ADD  at, R19, R1 \
	MOVD $const_sysClockGettime, R8 \
	SVC \
	FAILED(read) \
read:

// USAGE reads what the process has used.
#define USAGE(at, read) \
	MOVD ZR, R0 \
	ADD  at, R19, R1 \
	MOVD $const_sysGetrusage, R8 \
	SVC \
	FAILED(read) \
read:

// SAMPLE asks which CPU this is, if asks says so.
#define SAMPLE(done) \
	MOVD control_calls(R19), R0 \
	MOVD control_asks(R19), R1 \
	TST  R1, R0 \
	BNE  done \
	ADD  $control_cpu, R19, R0 \
	MOVD ZR, R1 \
	MOVD ZR, R2 \
	MOVD $const_sysGetcpu, R8 \
	SVC \
	FAILED(done)

// STAMP takes a stamp: the counter that goroutines.Ticks reads. ISB keeps it
// from being read before the instructions in front of it are done.
#define STAMP \
	ISB  $15 \
	MRS  CNTVCT_EL0, R0 \
	MOVD control_stamps(R19), R1 \
	MOVD control_stamped(R19), R2 \
	MOVD R0, (R1)(R2<<3) \
	ADD  $1, R2 \
	MOVD R2, control_stamped(R19)

// CALLED counts a call.
#define CALLED \
	MOVD control_calls(R19), R0 \
	ADD  $1, R0, R1 \
	ADD  $control_calls, R19, R2 \
	STLR R1, (R2)

// The halves of a hand-off. They keep R19, R20 and R21.

// FUTEXPASS gives the turn to the peer and wakes it.
#define FUTEXPASS(passed) \
	MOVD $1, R1 \
	ADD  $control_turn, R20, R0 \
	STLRW R1, (R0) \
	FUTEX(const_futexWakePrivate, $1) \
	FAILED(passed) \
passed:

// FUTEXTAKE waits for the turn.
#define FUTEXTAKE(wait, check) \
	JMP  check \
wait: \
	ADD  $control_turn, R19, R0 \
	FUTEX(const_futexWaitPrivate, ZR) \
check: \
	ACQUIRE($control_turn, R19, R1) \
	CBZW R1, wait \
	STLRW ZR, (R0)

// FUTEXNOBODY and FUTEXNOTYET are the floor of a hand-off: a wake that finds no
// waiter, and a wait that returns at once since the word isn't 1.
#define FUTEXNOBODY(woken) \
	ADD  $control_turn, R19, R0 \
	FUTEX(const_futexWakePrivate, $1) \
	FAILED(woken) \
woken:

#define FUTEXNOTYET \
	ADD  $control_turn, R19, R0 \
	FUTEX(const_futexWaitPrivate, $1)

// PIPEPASS writes a byte.
#define PIPEPASS(passed) \
	MOVW control_out(R19), R0 \
	MOVD RSP, R1 \
	SUB  $16, R1 \
	MOVD $1, R2 \
	MOVD $const_sysWrite, R8 \
	SVC \
	FAILED(passed) \
passed:

// PIPETAKE reads a byte.
#define PIPETAKE(taken) \
	MOVW control_in(R19), R0 \
	MOVD RSP, R1 \
	SUB  $16, R1 \
	MOVD $1, R2 \
	MOVD $const_sysRead, R8 \
	SVC \
	FAILED(taken) \
taken:

// YIELD yields the CPU.
#define YIELD \
	MOVD $const_sysSchedYield, R8 \
	SVC

// AWAIT keeps a yielding peer asleep between the turns, on its driver's run. Go
// sets run to end the peer, too.
#define AWAIT(wait, check) \
	JMP  check \
wait: \
	ADD  $control_run, R20, R0 \
	FUTEX(const_futexWaitPrivate, ZR) \
check: \
	ACQUIRE($control_run, R20, R1) \
	CBZW R1, wait

// SPAWN starts every child, in the order of the array.
//
//	R22  the index
//	R23  the child's control, in the child too
#define SPAWN(next, failed, child, done) \
	MOVD ZR, R22 \
next: \
	MOVD control_batch(R19), R0 \
	CMP  R0, R22 \
	BHS  done \
	MOVD control_children(R19), R0 \
	MOVD (R0)(R22<<3), R23 \
	ADD  $1, R22 \
	CLONE(R23) \
	CBZ  R0, child \
	TBNZ $63, R0, failed \
	MOVD control_spawned(R19), R0 \
	ADD  $1, R0 \
	MOVD R0, control_spawned(R19) \
	JMP  next \
failed: \
	MOVD R0, control_failed(R19) \
	JMP  next \
child: \
	MOVD R23, R19 \
	MOVD control_body(R19), R9 \
	JMP  (R9) \
done:

// JOIN waits until the kernel has cleared every child's tid word. The kernel
// wakes the shared futex there, not the private one.
//
//	R22  the index
//	R23  the child's control
//	R24  the tid that is waited for
#define JOIN(next, wait, check, done) \
	MOVD ZR, R22 \
next: \
	MOVD control_batch(R19), R0 \
	CMP  R0, R22 \
	BHS  done \
	MOVD control_children(R19), R0 \
	MOVD (R0)(R22<<3), R23 \
	ADD  $1, R22 \
	JMP  check \
wait: \
	ADD  $control_tid, R23, R0 \
	FUTEX(const_futexWait, R24) \
check: \
	ACQUIRE($control_tid, R23, R24) \
	CBNZ R24, wait \
	JMP  next \
done:

// TURN stands before a driver's call (bodies_linux.h). While it waits, R22 is
// the number of the latest finished turn.
#define TURN \
	MOVD control_other(R19), R20 \
	SEEN \
	JMP  gate \
closed: \
	ADD  $control_gate, R19, R0 \
	FUTEX(const_futexWaitPrivate, R22) \
gate: \
	MOVWU control_done(R19), R22 \
	ACQUIRE($control_gate, R19, R1) \
	CMPW R1, R22 \
	BEQ  closed \
	MOVWU control_quit(R19), R0 \
	CBNZ R0, quit \
	/* A peer that spins (yield) sleeps on run between the turns. */ \
	MOVD $1, R1 \
	ADD  $control_run, R19, R0 \
	STLRW R1, (R0) \
	FUTEX(const_futexWakePrivate, $1) \
	MOVW ZR, control_timed(R19) \
	MOVD control_warm(R19), R21 \
	CBNZ R21, call \
warmed: \
	USAGE($control_before, before) \
	MOVD $1, R0 \
	MOVW R0, control_timed(R19) \
	MOVD control_n(R19), R21 \
	TIME($control_start, start) \
	CBZ  R21, over \
call: \
	SAMPLE(sampled) \
sampled:

// TURNED stands after a driver's call. On the clock, when both tasks have asked
// for their CPU, it compares the two.
#define TURNED \
	CALLED \
	MOVD control_asks(R19), R1 \
	TST  R1, R0 \
	BNE  next \
	MOVWU control_timed(R19), R0 \
	CBZ  R0, next \
	CBZ  R20, next \
	MOVWU control_cpu(R20), R1 \
	CMPW $const_noCPU, R1 \
	BEQ  next \
	MOVD control_samples(R19), R0 \
	ADD  $1, R0 \
	MOVD R0, control_samples(R19) \
	MOVWU control_cpu(R19), R0 \
	CMPW R0, R1 \
	BEQ  next \
	MOVD control_crossed(R19), R0 \
	ADD  $1, R0 \
	MOVD R0, control_crossed(R19) \
next: \
	SUB  $1, R21 \
	CBNZ R21, call \
	MOVWU control_timed(R19), R0 \
	CBZ  R0, warmed \
over: \
	TIME($control_end, end) \
	USAGE($control_after, after) \
	ADD  $control_run, R19, R0 \
	STLRW ZR, (R0) \
	MOVWU control_gate(R19), R1 \
	ADD  $control_done, R19, R0 \
	STLRW R1, (R0) \
	FUTEX(const_futexWakePrivate, $1) \
	JMP  gate \
quit: \
	JMP  exit<>(SB)

// MEET stands before the half of a hand-off in which a peer takes the turn.
#define MEET \
	MOVD control_other(R19), R20 \
	SEEN \
again:

// MET stands between the half that takes and the half that passes.
#define MET \
	ACQUIRE($control_quit, R19, R1) \
	CBNZ R1, quit \
	SAMPLE(answer) \
answer: \
	CALLED

// PARTED stands after the half that passes.
#define PARTED \
	JMP  again \
quit: \
	JMP  exit<>(SB)

TEXT driveRead<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	PIPETAKE(taken)
	MOVD R0, R22
	STAMP
	MOVD control_got(R19), R0
	ADD  R22, R0
	MOVD R0, control_got(R19)
	TURNED

// SLEEP sleeps until the instant of the next stamp.
#define SLEEP(slept) \
	MOVD $const_clockMonotonic, R0 \
	MOVD $const_timerAbstime, R1 \
	MOVD control_stamped(R19), R2 \
	MOVD control_instant(R19), R3 \
	ADD  R2<<4, R3, R2 \
	MOVD ZR, R3 \
	MOVD $const_sysNanosleep, R8 \
	SVC \
	FAILED(slept) \
slept:

TEXT work<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
	JMP  look
wait:
	ADD  $set_turns, R20, R0
	FUTEX(const_futexWaitPrivate, ZR)
look:
	ADD  $set_turns, R20, R0
take:
	LDAXRW (R0), R1
	CBZW R1, wait
	SUBW $1, R1
	STLXRW R1, (R0), R2
	CBNZ R2, take

	MOVD control_work(R19), R0
	MOVD control_n(R19), R1
	STEPS(step)
	MOVD R0, control_work(R19)

	COUNT($set_worked, tally, worked)
	JMP  hold<>(SB)

//	R20  the pool
//	R21  the item's index, the item
//	R22  the number of the latest list that this thread is done with
//	R23  the record
TEXT share<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD control_pool(R19), R20
	SEEN
	MOVD ZR, R22
	JMP  gate
closed:
	ADD  $pool_gate, R20, R0
	FUTEX(const_futexWaitPrivate, R22)
gate:
	ACQUIRE($control_quit, R19, R1)
	CBNZ R1, quit
	ACQUIRE($pool_gate, R20, R1)
	CMPW R1, R22
	BEQ  closed
	MOVWU R1, R22
	MOVD $const_noCPU, R0
	MOVW R0, control_cpu(R19)
next:
	ADD  $pool_next, R20, R0
index:
	LDAXR (R0), R21
	ADD  $1, R21, R1
	STLXR R1, (R0), R2
	CBNZ R2, index
	MOVD pool_n(R20), R0
	CMP  R0, R21
	BHS  over

	MOVD $record__size, R0
	MOVD pool_records(R20), R23
	MADD R0, R23, R21, R23
	MOVWU control_cpu(R19), R0
	MOVW R0, record_From(R23)
	ADD  $control_cpu, R19, R0
	MOVD ZR, R1
	MOVD ZR, R2
	MOVD $const_sysGetcpu, R8
	SVC
	FAILED(asked)
asked:
	MOVWU control_cpu(R19), R0
	MOVW R0, record_CPU(R23)
	MOVWU control_number(R19), R0
	MOVW R0, record_Worker(R23)
	MOVW record_Times(R23), R0
	ADD  $1, R0
	MOVW R0, record_Times(R23)
	MOVD $item__size, R0
	MOVD pool_items(R20), R1
	MADD R0, R1, R21, R21
	MOVD item_X(R21), R0
	MOVD item_Steps(R21), R1
	STEPS(step)
	MOVD R0, record_Result(R23)
	JMP  next
over:
	TIME($control_end, ended)
	ADD  $pool_left, R20, R0
leave:
	LDAXRW (R0), R1
	SUBW $1, R1
	STLXRW R1, (R0), R2
	CBNZ R2, leave
	CBNZW R1, gate
	ADD  $pool_done, R20, R0
	STLRW R22, (R0)
	FUTEX(const_futexWakePrivate, $1)
	FAILED(said)
said:
	JMP  gate
quit:
	JMP  exit<>(SB)

// The tasks of a pipeline. R22 is the item that they hand on.

// SWAP writes v into the word whose address is in R0 and leaves the old value
// in R1. A store with release before SWAP stays before it.
#define SWAP(v, again) \
again: \
	LDAXRW (R0), R1 \
	STLXRW v, (R0), R2 \
	CBNZ R2, again

// WAKE wakes the waiter on a word of the ring in R24, if there is one. A task
// that finds the word 0 sees what was stored with release before WAKE.
#define WAKE(word, swap, woken) \
	ADD  word, R24, R0 \
	SWAP(ZR, swap) \
	CBZW R1, woken \
	FUTEX(const_futexWakePrivate, $1) \
	FAILED(woken) \
woken:

// RINGTAKE takes an item from the ring in R24 and leaves it in R22. It wakes
// the task that puts, if that waits. A waiting task is also woken to quit.
#define RINGTAKE(try, swapFirst, taken, swap, woken) \
try: \
	MOVD ring_took(R24), R23 \
	ADD  $ring_put, R24, R0 \
	LDAR (R0), R1 \
	CMP  R1, R23 \
	BNE  taken \
	MOVD $1, R3 \
	ADD  $ring_dry, R24, R0 \
	SWAP(R3, swapFirst) \
	ADD  $ring_put, R24, R0 \
	LDAR (R0), R1 /* not before the swap */ \
	CMP  R1, R23 \
	BNE  taken \
	ACQUIRE($control_quit, R19, R1) \
	CBNZ R1, quit \
	ADD  $ring_dry, R24, R0 \
	FUTEX(const_futexWaitPrivate, $1) \
	JMP  try \
taken: \
	ADD  $ring_dry, R24, R0 \
	STLRW ZR, (R0) \
	AND  $(const_ringSlots-1), R23, R1 \
	ADD  $ring_slot, R24, R0 \
	MOVD (R0)(R1<<3), R22 \
	ADD  $1, R23 \
	ADD  $ring_took, R24, R0 \
	STLR R23, (R0) \
	WAKE($ring_full, swap, woken)

// RINGPUT puts R22 into the ring in R24. It wakes the task that takes, if that
// waits.
#define RINGPUT(try, swapFirst, there, swap, woken) \
try: \
	MOVD ring_put(R24), R23 \
	ADD  $ring_took, R24, R0 \
	LDAR (R0), R1 \
	SUB  R1, R23, R1 \
	MOVD ring_size(R24), R4 \
	CMP  R4, R1 \
	BLO  there \
	MOVD $1, R3 \
	ADD  $ring_full, R24, R0 \
	SWAP(R3, swapFirst) \
	ADD  $ring_took, R24, R0 \
	LDAR (R0), R1 /* not before the swap */ \
	SUB  R1, R23, R1 \
	CMP  R4, R1 \
	BLO  there \
	ACQUIRE($control_quit, R19, R1) \
	CBNZ R1, quit \
	ADD  $ring_full, R24, R0 \
	FUTEX(const_futexWaitPrivate, $1) \
	JMP  try \
there: \
	ADD  $ring_full, R24, R0 \
	STLRW ZR, (R0) \
	AND  $(const_ringSlots-1), R23, R1 \
	ADD  $ring_slot, R24, R0 \
	MOVD R22, (R0)(R1<<3) \
	ADD  $1, R23 \
	ADD  $ring_put, R24, R0 \
	STLR R23, (R0) \
	WAKE($ring_dry, swap, woken)

TEXT source<>(SB), NOSPLIT|NOFRAME, $0-0
	SEEN
	MOVD control_to(R19), R24
	JMP  ordered
wait:
	ADD  $control_turn, R19, R0
	FUTEX(const_futexWaitPrivate, ZR)
check:
	ACQUIRE($control_turn, R19, R1)
	CBZW R1, wait
	STLRW ZR, (R0)
ordered:
	ACQUIRE($control_quit, R19, R1)
	CBNZ R1, quit
	MOVD control_next(R19), R22
	ADD  $control_until, R19, R0
	LDAR (R0), R1
	CMP  R1, R22
	BEQ  check
	ADD  $1, R22, R1
	MOVD R1, control_next(R19)
	RINGPUT(try, swapFull, there, swapDry, woken)
	JMP  ordered
quit:
	JMP  exit<>(SB)

TEXT stage<>(SB), NOSPLIT|NOFRAME, $0-0
	SEEN
again:
	MOVD control_from(R19), R24
	RINGTAKE(tryTake, swapDry, taken, swapFull, madeRoom)
	MOVD R22, R0
	MOVD control_steps(R19), R1
	STEPS(step)
	MOVD R0, R22
	CALLED
	MOVD control_to(R19), R24
	RINGPUT(tryPut, swapFullFirst, there, swapDryLast, gave)
	JMP  again
quit:
	JMP  exit<>(SB)

TEXT driveSink<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	MOVD control_calls(R19), R0
	MOVD control_until(R20), R1
	CMP  R0, R1
	BNE  ordered
	ADD  R21, R1
	MOVD control_ahead(R19), R0
	ADD  R0, R1
	ADD  $control_until, R20, R0
	STLR R1, (R0)
	MOVD $1, R1
	ADD  $control_turn, R20, R0
	STLRW R1, (R0)
	FUTEX(const_futexWakePrivate, $1)
	FAILED(ordered)
ordered:
	MOVD control_from(R19), R24
	RINGTAKE(try, swapDry, taken, swapFull, woken)
	MOVD control_sum(R19), R0
	ADD  R22, R0
	MOVD R0, control_sum(R19)
	TURNED

// BYTE reads a byte.
#define BYTE \
	MOVD control_fd(R19), R0 \
	MOVD RSP, R1 \
	SUB  $16, R1 \
	MOVD $1, R2 \
	MOVD $const_sysRead, R8 \
	SVC

TEXT listen<>(SB), NOSPLIT|NOFRAME, $0-0
again:
	ARRIVE
	BYTE
	MOVD R0, control_got(R19)
	CMP  $1, R0
	BNE  over
	CALLED
	JMP  again
over:
	JMP  exit<>(SB)

TEXT sync<>(SB), NOSPLIT|NOFRAME, $0-0
again:
	ARRIVE
	BYTE
	CMP  $1, R0
	BNE  over
	MOVW control_out(R19), R0
	ADD  $control_tls, R19, R1
	MOVD $const_syncBytes, R2
	MOVD $const_sysWrite, R8
	SVC
	TBNZ $63, R0, over
	MOVW control_out(R19), R0
	MOVD $const_sysFsync, R8
	SVC
	TBNZ $63, R0, over
	CALLED
	JMP  again
over:
	MOVD R0, control_got(R19)
	JMP  exit<>(SB)

//	R21  the result of the work so far
TEXT hog<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
	MOVWU control_seen(R19), R21
again:
	MOVD R21, R0
	MOVD $const_workChunk, R1
	STEPS(step)
	MOVD R0, R21
	CALLED
	ACQUIRE($set_release, R20, R1)
	CBZW R1, again
	MOVD R21, control_got(R19)
	JMP  exit<>(SB)

//	R22  bytes read
TEXT echo<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
next:
	MOVD control_fd(R19), R0
	MOVD RSP, R1
	SUB  $const_echoBytes, R1
	MOVD $const_echoBytes, R2
	MOVD $const_sysRead, R8
	SVC
	MOVD R0, control_got(R19)
	CMP  $0, R0
	BLE  over
	MOVD R0, R22
	MOVD control_fd(R19), R0
	MOVD RSP, R1
	SUB  $const_echoBytes, R1
	MOVD R22, R2
	MOVD $const_sysWrite, R8
	SVC
	CMP  R22, R0
	BNE  short
	MOVD control_echoed(R19), R1
	ADD  R22, R1
	MOVD R1, control_echoed(R19)
	JMP  next
short:
	MOVD R0, control_failed(R19)
over:
	JMP  exit<>(SB)

#include "bodies_linux.h"
