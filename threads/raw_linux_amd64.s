#include "textflag.h"
#include "go_asm.h"

// A system call takes its number in AX and its arguments in DI, SI, DX, R10,
// R8, R9. It returns in AX, -errno for an error, and clobbers CX and R11.

// CLONE starts a raw thread on the control c: its stack grows down from c.
// In the parent AX is the tid or -errno, in the child 0; every other register
// is the same in both.
#define CLONE(c) \
	MOVL $const_sysClone, AX \
	MOVL $const_cloneFlags, DI \
	MOVQ c, SI /* the stack's top */ \
	LEAQ control_tid(c), DX /* PARENT_SETTID writes it */ \
	LEAQ control_tid(c), R10 /* CHILD_CLEARTID clears it */ \
	LEAQ (control_tls+const_tlsBase)(c), R8 /* SETTLS */ \
	SYSCALL

// FUTEX is a futex operation with no timeout on the word whose address is in
// DI.
#define FUTEX(op, val) \
	MOVL $const_sysFutex, AX \
	MOVL $op, SI \
	MOVL val, DX \
	XORL R10, R10 \
	SYSCALL

// SIGMASK sets the thread's signal mask. SI is the address of the new mask, DX
// that for the old one, or 0.
#define SIGMASK \
	MOVL $const_sysSigprocmask, AX \
	MOVL $const_sigSetmask, DI \
	MOVL $const_sigsetBytes, R10 \
	SYSCALL

// func clone(c *control) (result int)
//
// Starts a raw thread on c whose body is c.body. The result is its tid, or
// -errno.
//
// All signals are blocked from before the clone until after it, so that the
// child inherits the full mask and keeps it. clone is one NOSPLIT function, so
// that the goroutine can't move to another thread between the two masks.
//
//	R12  c
//	R13  the result of clone
TEXT ·clone(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ c+0(FP), R12
	LEAQ control_blocked(R12), SI
	LEAQ control_mask(R12), DX
	SIGMASK
	CLONE(R12)
	TESTQ AX, AX
	JEQ  child

	// In the parent: put its mask back.
	MOVQ AX, R13
	LEAQ control_mask(R12), SI
	XORL DX, DX
	SIGMASK
	MOVQ R13, result+8(FP)
	RET

child:
	// In the child: a new stack, no frame to go back to, no g.
	XORL BP, BP
	XORL R14, R14
	MOVQ control_body(R12), AX
	JMP  AX

// The bodies. Each begins with its control in R12, on its own stack, under the
// law of the raw thread (see the package's doc). bodies_linux.h describes each.
//
// No body calls or returns, apart from the two of mode=called: the first RETs
// of a thread that the kernel has just switched to are mispredicted, since the
// kernel refills the CPU's return stack at each switch. So code that two bodies
// share is a macro.
//
//	R12  the thread's control
//	R13  the peer's control, or the set
//	BX   calls still to make

// exit ends the thread. The kernel clears the tid word and wakes its futex.
TEXT exit<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVL $const_sysExit, AX
	XORL DI, DI
	SYSCALL
	INT  $3

TEXT watch<>(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ ·faults(SB), BX
	MOVL $const_sysSigaltstack, AX
	LEAQ faultWatch_alt(BX), DI
	XORL SI, SI
	SYSCALL
	LEAQ faultWatch_blocked(BX), SI
	XORL DX, DX
	SIGMASK
	MOVQ control_then(R12), AX
	JMP  AX

//	DI  the signal
//	SI  siginfo_t: si_code at 8, si_addr at 16
//	DX  ucontext_t: gregs at 40, 8 bytes each, rsp the 15th, rip the 16th
//	BX  faults
TEXT fault<>(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ ·faults(SB), AX
	MOVQ SP, CX
	SUBQ AX, CX
	SUBQ $faultWatch_stack, CX
	CMPQ CX, $const_faultStackBytes
	JLS  raw
	MOVL DI, DI
	MOVQ faultWatch_handlers(AX)(DI*8), AX
	JMP  AX
raw:
	MOVQ AX, BX
	MOVL $1, CX
	XCHGL CX, faultWatch_claimed(BX)
	TESTL CX, CX
	JNE  wait
	MOVL DI, faultWatch_signal(BX)
	MOVL 8(SI), AX
	MOVL AX, faultWatch_code(BX)
	MOVQ 16(SI), AX
	MOVQ AX, faultWatch_addr(BX)
	MOVQ 160(DX), AX
	MOVQ AX, faultWatch_sp(BX)
	MOVQ 168(DX), AX
	MOVQ AX, faultWatch_pc(BX)
	MOVL $const_sysGettid, AX
	SYSCALL
	MOVL AX, faultWatch_tid(BX)
	MOVL $1, faultWatch_posted(BX)
	LEAQ faultWatch_posted(BX), DI
	FUTEX(const_futexWakePrivate, $1)
wait:
	LEAQ faultWatch_posted(BX), DI
	FUTEX(const_futexWaitPrivate, $1)
	JMP  wait

// SEEN stores the thread's id.
#define SEEN \
	MOVL $const_sysGettid, AX \
	SYSCALL \
	MOVL AX, control_seen(R12)

// COUNT counts the thread in a word of the set in R13. The thread that brings
// the count to want wakes the waiter.
#define COUNT(word, counted) \
	MOVL $1, BX \
	LOCK \
	XADDL BX, word(R13) \
	INCL BX \
	CMPL BX, set_want(R13) \
	JNE  counted \
	LEAQ word(R13), DI \
	FUTEX(const_futexWakePrivate, $1) \
counted:

// ARRIVE stores the thread's id and counts the thread into its set, which it
// leaves in R13.
#define ARRIVE \
	SEEN \
	MOVQ control_set(R12), R13 \
	COUNT(set_arrived, arrived)

// TOUCH touches each page of the stack from its top, the control, down to the
// depth. It writes without reading, so that each page has one fault. A body
// that doesn't call has nothing on its stack to overwrite.
#define TOUCH(next, page, touched) \
	MOVQ R12, AX \
	MOVQ R12, CX \
	SUBQ control_depth(R12), CX /* the deepest byte to touch */ \
next: \
	CMPQ AX, CX \
	JLS  touched \
	SUBQ $const_touchBytes, AX \
	CMPQ AX, CX \
	JHI  page \
	MOVQ CX, AX \
page: \
	MOVB $0, (AX) \
	JMP  next \
touched:

// STEPS does CX steps of goroutines.Work on AX.
#define STEPS(step) \
	MOVQ $6364136223846793005, DX \
	MOVQ $1442695040888963407, R8 \
	PCALIGN $64 \
step: \
	IMULQ DX, AX \
	ADDQ R8, AX \
	DECQ CX \
	JNZ  step

// hold waits until the set in R13 is released, and exits.
TEXT hold<>(SB), NOSPLIT|NOFRAME, $0-0
	JMP  released
wait:
	LEAQ set_release(R13), DI
	FUTEX(const_futexWaitPrivate, $0)
released:
	CMPL set_release(R13), $0
	JEQ  wait
	JMP  exit<>(SB)

// FAILED keeps a negative result of a system call that may not fail.
#define FAILED(done) \
	TESTQ AX, AX \
	JGE  done \
	MOVQ AX, control_failed(R12)

// TIME reads the clock.
#define TIME(at, read) \
	MOVL $const_sysClockGettime, AX \
	MOVL $const_clockMonotonic, DI \
	LEAQ at(R12), SI \
	SYSCALL \
	FAILED(read) \
read:

// USAGE reads what the process has used.
#define USAGE(at, read) \
	MOVL $const_sysGetrusage, AX \
	XORL DI, DI \
	LEAQ at(R12), SI \
	SYSCALL \
	FAILED(read) \
read:

// SAMPLE asks which CPU this is, if asks says so.
#define SAMPLE(done) \
	MOVQ control_calls(R12), AX \
	TESTQ control_asks(R12), AX \
	JNE  done \
	MOVL $const_sysGetcpu, AX \
	LEAQ control_cpu(R12), DI \
	XORL SI, SI \
	XORL DX, DX \
	SYSCALL \
	FAILED(done)

// STAMP takes a stamp: the counter that goroutines.Ticks reads. LFENCE keeps it
// from being read before the instructions in front of it are done.
#define STAMP \
	LFENCE \
	RDTSC \
	SHLQ $32, DX \
	ORQ  DX, AX \
	MOVQ control_stamps(R12), DX \
	MOVQ control_stamped(R12), CX \
	MOVQ AX, (DX)(CX*8) \
	INCQ control_stamped(R12)

// The halves of a hand-off. They keep R12, R13 and BX.

// FUTEXPASS gives the turn to the peer and wakes it.
#define FUTEXPASS(passed) \
	MOVL $1, control_turn(R13) \
	LEAQ control_turn(R13), DI \
	FUTEX(const_futexWakePrivate, $1) \
	FAILED(passed) \
passed:

// FUTEXTAKE waits for the turn.
#define FUTEXTAKE(wait, check) \
	JMP  check \
wait: \
	LEAQ control_turn(R12), DI \
	FUTEX(const_futexWaitPrivate, $0) \
check: \
	CMPL control_turn(R12), $0 \
	JEQ  wait \
	MOVL $0, control_turn(R12)

// FUTEXNOBODY and FUTEXNOTYET are the floor of a hand-off: a wake that finds no
// waiter, and a wait that returns at once since the word isn't 1.
#define FUTEXNOBODY(woken) \
	LEAQ control_turn(R12), DI \
	FUTEX(const_futexWakePrivate, $1) \
	FAILED(woken) \
woken:

#define FUTEXNOTYET \
	LEAQ control_turn(R12), DI \
	FUTEX(const_futexWaitPrivate, $1)

// PIPEPASS writes a byte.
#define PIPEPASS(passed) \
	MOVL $const_sysWrite, AX \
	MOVL control_out(R12), DI \
	LEAQ -8(SP), SI \
	MOVL $1, DX \
	SYSCALL \
	FAILED(passed) \
passed:

// PIPETAKE reads a byte.
#define PIPETAKE(taken) \
	MOVL $const_sysRead, AX \
	MOVL control_in(R12), DI \
	LEAQ -8(SP), SI \
	MOVL $1, DX \
	SYSCALL \
	FAILED(taken) \
taken:

// YIELD yields the CPU.
#define YIELD \
	MOVL $const_sysSchedYield, AX \
	SYSCALL

// AWAIT keeps a yielding peer asleep between the turns, on its driver's run. Go
// sets run to end the peer, too.
#define AWAIT(wait, check) \
	JMP  check \
wait: \
	LEAQ control_run(R13), DI \
	FUTEX(const_futexWaitPrivate, $0) \
check: \
	CMPL control_run(R13), $0 \
	JEQ  wait

// SPAWN starts every child, in the order of the array.
//
//	R9   the child's control, in the child too
//	R15  the index
#define SPAWN(next, failed, child, done) \
	XORL R15, R15 \
next: \
	CMPQ R15, control_batch(R12) \
	JCC  done \
	MOVQ control_children(R12), AX \
	MOVQ (AX)(R15*8), R9 \
	INCQ R15 \
	CLONE(R9) \
	TESTQ AX, AX \
	JEQ  child \
	JLT  failed \
	INCQ control_spawned(R12) \
	JMP  next \
failed: \
	MOVQ AX, control_failed(R12) \
	JMP  next \
child: \
	MOVQ R9, R12 \
	MOVQ control_body(R12), AX \
	JMP  AX \
done:

// JOIN waits until the kernel has cleared every child's tid word. The kernel
// wakes the shared futex there, not the private one.
//
//	R9   the child's control
//	R15  the index
#define JOIN(next, wait, check, done) \
	XORL R15, R15 \
next: \
	CMPQ R15, control_batch(R12) \
	JCC  done \
	MOVQ control_children(R12), AX \
	MOVQ (AX)(R15*8), R9 \
	INCQ R15 \
	JMP  check \
wait: \
	MOVL AX, R8 \
	LEAQ control_tid(R9), DI \
	FUTEX(const_futexWait, R8) \
check: \
	MOVL control_tid(R9), AX \
	TESTL AX, AX \
	JNE  wait \
	JMP  next \
done:

// TURN stands before a driver's call (bodies_linux.h).
#define TURN \
	MOVQ control_other(R12), R13 \
	SEEN \
	JMP  gate \
closed: \
	LEAQ control_gate(R12), DI \
	FUTEX(const_futexWaitPrivate, control_done(R12)) \
gate: \
	MOVL control_gate(R12), AX \
	CMPL AX, control_done(R12) \
	JEQ  closed \
	CMPL control_quit(R12), $0 \
	JNE  quit \
	/* A peer that spins (yield) sleeps on run between the turns. */ \
	MOVL $1, control_run(R12) \
	LEAQ control_run(R12), DI \
	FUTEX(const_futexWakePrivate, $1) \
	MOVL $0, control_timed(R12) \
	MOVQ control_warm(R12), BX \
	TESTQ BX, BX \
	JNE  call \
warmed: \
	USAGE(control_before, before) \
	MOVL $1, control_timed(R12) \
	MOVQ control_n(R12), BX \
	TIME(control_start, start) \
	TESTQ BX, BX \
	JEQ  over \
call: \
	SAMPLE(sampled) \
sampled:

// TURNED stands after a driver's call. On the clock, when both tasks have asked
// for their CPU, it compares the two.
#define TURNED \
	MOVQ control_calls(R12), AX \
	INCQ control_calls(R12) \
	TESTQ control_asks(R12), AX \
	JNE  next \
	CMPL control_timed(R12), $0 \
	JEQ  next \
	TESTQ R13, R13 \
	JEQ  next \
	MOVL control_cpu(R13), AX \
	CMPL AX, $const_noCPU \
	JEQ  next \
	INCQ control_samples(R12) \
	CMPL AX, control_cpu(R12) \
	JEQ  next \
	INCQ control_crossed(R12) \
next: \
	DECQ BX \
	JNE  call \
	CMPL control_timed(R12), $0 \
	JEQ  warmed \
over: \
	TIME(control_end, end) \
	USAGE(control_after, after) \
	MOVL $0, control_run(R12) \
	MOVL control_gate(R12), AX \
	MOVL AX, control_done(R12) \
	LEAQ control_done(R12), DI \
	FUTEX(const_futexWakePrivate, $1) \
	JMP  gate \
quit: \
	JMP  exit<>(SB)

// MEET stands before the half of a hand-off in which a peer takes the turn.
#define MEET \
	MOVQ control_other(R12), R13 \
	SEEN \
again:

// MET stands between the half that takes and the half that passes.
#define MET \
	CMPL control_quit(R12), $0 \
	JNE  quit \
	SAMPLE(answer) \
answer: \
	INCQ control_calls(R12)

// PARTED stands after the half that passes.
#define PARTED \
	JMP  again \
quit: \
	JMP  exit<>(SB)

TEXT driveRead<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	PIPETAKE(taken)
	MOVQ AX, R15
	STAMP
	ADDQ R15, control_got(R12)
	TURNED

// SLEEP sleeps until the instant of the next stamp.
#define SLEEP(slept) \
	MOVL $const_sysNanosleep, AX \
	MOVL $const_clockMonotonic, DI \
	MOVL $const_timerAbstime, SI \
	MOVQ control_stamped(R12), DX \
	SHLQ $4, DX \
	ADDQ control_instant(R12), DX \
	XORL R10, R10 \
	SYSCALL \
	FAILED(slept) \
slept:

TEXT work<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
	JMP  look
wait:
	LEAQ set_turns(R13), DI
	FUTEX(const_futexWaitPrivate, $0)
look:
	MOVL set_turns(R13), AX
take:
	TESTL AX, AX
	JEQ  wait
	LEAL -1(AX), BX
	LOCK
	CMPXCHGL BX, set_turns(R13) // AX is what it found
	JNE  take

	MOVQ control_work(R12), AX
	MOVQ control_n(R12), CX
	STEPS(step)
	MOVQ AX, control_work(R12)

	COUNT(set_worked, worked)
	JMP  hold<>(SB)

//	R13  the pool
//	BX   the item's index
//	R15  the item, the record
TEXT share<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ control_pool(R12), R13
	SEEN
	JMP  gate
closed:
	LEAQ pool_gate(R13), DI
	FUTEX(const_futexWaitPrivate, control_done(R12))
gate:
	CMPL control_quit(R12), $0
	JNE  quit
	MOVL pool_gate(R13), AX
	CMPL AX, control_done(R12)
	JEQ  closed
	MOVL AX, control_done(R12)
	MOVL $const_noCPU, control_cpu(R12)
next:
	MOVL $1, BX
	LOCK
	XADDQ BX, pool_next(R13)
	CMPQ BX, pool_n(R13)
	JCC  over

	IMUL3Q $record__size, BX, R15
	ADDQ pool_records(R13), R15
	MOVL control_cpu(R12), AX
	MOVL AX, record_From(R15)
	MOVL $const_sysGetcpu, AX
	LEAQ control_cpu(R12), DI
	XORL SI, SI
	XORL DX, DX
	SYSCALL
	FAILED(asked)
asked:
	MOVL control_cpu(R12), AX
	MOVL AX, record_CPU(R15)
	MOVL control_number(R12), AX
	MOVL AX, record_Worker(R15)
	INCL record_Times(R15)
	IMUL3Q $item__size, BX, BX
	ADDQ pool_items(R13), BX
	MOVQ item_X(BX), AX
	MOVQ item_Steps(BX), CX
	STEPS(step)
	MOVQ AX, record_Result(R15)
	JMP  next
over:
	TIME(control_end, ended)
	MOVL $-1, AX
	LOCK
	XADDL AX, pool_left(R13)
	CMPL AX, $1
	JNE  gate
	MOVL control_done(R12), AX
	MOVL AX, pool_done(R13)
	LEAQ pool_done(R13), DI
	FUTEX(const_futexWakePrivate, $1)
	FAILED(said)
said:
	JMP  gate
quit:
	JMP  exit<>(SB)

// The tasks of a pipeline. R15 is the item that they hand on.

// WAKE wakes the waiter on a word of the ring in R9, if there is one. A task
// that finds the word 0 sees what was written before WAKE.
#define WAKE(word, woken) \
	XORL AX, AX \
	XCHGL AX, word(R9) \
	TESTL AX, AX \
	JEQ  woken \
	LEAQ word(R9), DI \
	FUTEX(const_futexWakePrivate, $1) \
	FAILED(woken) \
woken:

// RINGTAKE takes an item from the ring in R9 and leaves it in R15. It wakes the
// task that puts, if that waits. A waiting task is also woken to quit.
#define RINGTAKE(try, taken, woken) \
try: \
	MOVQ ring_took(R9), CX \
	CMPQ CX, ring_put(R9) \
	JNE  taken \
	CMPL control_quit(R12), $0 \
	JNE  quit \
	MOVL $1, AX \
	XCHGL AX, ring_dry(R9) /* before put is read again */ \
	CMPQ CX, ring_put(R9) \
	JNE  taken \
	CMPL control_quit(R12), $0 \
	JNE  quit \
	LEAQ ring_dry(R9), DI \
	FUTEX(const_futexWaitPrivate, $1) \
	JMP  try \
taken: \
	MOVL $0, ring_dry(R9) \
	MOVQ CX, AX \
	ANDQ $(const_ringSlots-1), AX \
	MOVQ ring_slot(R9)(AX*8), R15 \
	INCQ CX \
	MOVQ CX, ring_took(R9) \
	WAKE(ring_full, woken)

// RINGPUT puts R15 into the ring in R9. It wakes the task that takes, if that
// waits.
#define RINGPUT(try, there, woken) \
try: \
	MOVQ ring_put(R9), CX \
	MOVQ CX, DX \
	SUBQ ring_took(R9), DX \
	CMPQ DX, ring_size(R9) \
	JCS  there \
	CMPL control_quit(R12), $0 \
	JNE  quit \
	MOVL $1, AX \
	XCHGL AX, ring_full(R9) /* before took is read again */ \
	MOVQ CX, DX \
	SUBQ ring_took(R9), DX \
	CMPQ DX, ring_size(R9) \
	JCS  there \
	LEAQ ring_full(R9), DI \
	FUTEX(const_futexWaitPrivate, $1) \
	JMP  try \
there: \
	MOVL $0, ring_full(R9) \
	MOVQ CX, AX \
	ANDQ $(const_ringSlots-1), AX \
	MOVQ R15, ring_slot(R9)(AX*8) \
	INCQ CX \
	MOVQ CX, ring_put(R9) \
	WAKE(ring_dry, woken)

TEXT source<>(SB), NOSPLIT|NOFRAME, $0-0
	SEEN
	MOVQ control_to(R12), R9
	JMP  ordered
wait:
	LEAQ control_turn(R12), DI
	FUTEX(const_futexWaitPrivate, $0)
check:
	CMPL control_turn(R12), $0
	JEQ  wait
	MOVL $0, control_turn(R12)
ordered:
	CMPL control_quit(R12), $0
	JNE  quit
	MOVQ control_next(R12), R15
	CMPQ R15, control_until(R12)
	JEQ  check
	INCQ control_next(R12)
	RINGPUT(try, there, woken)
	JMP  ordered
quit:
	JMP  exit<>(SB)

TEXT stage<>(SB), NOSPLIT|NOFRAME, $0-0
	SEEN
again:
	MOVQ control_from(R12), R9
	RINGTAKE(tryTake, taken, madeRoom)
	MOVQ R15, AX
	MOVQ control_steps(R12), CX
	STEPS(step)
	MOVQ AX, R15
	INCQ control_calls(R12)
	MOVQ control_to(R12), R9
	RINGPUT(tryPut, there, gave)
	JMP  again
quit:
	JMP  exit<>(SB)

TEXT driveSink<>(SB), NOSPLIT|NOFRAME, $0-0
	TURN
	MOVQ control_calls(R12), AX
	CMPQ AX, control_until(R13)
	JNE  ordered
	ADDQ BX, AX
	ADDQ control_ahead(R12), AX
	MOVQ AX, control_until(R13)
	MOVL $1, control_turn(R13)
	LEAQ control_turn(R13), DI
	FUTEX(const_futexWakePrivate, $1)
	FAILED(ordered)
ordered:
	MOVQ control_from(R12), R9
	RINGTAKE(try, taken, woken)
	ADDQ R15, control_sum(R12)
	TURNED

// BYTE reads a byte.
#define BYTE \
	MOVL $const_sysRead, AX \
	MOVQ control_fd(R12), DI \
	LEAQ -8(SP), SI \
	MOVL $1, DX \
	SYSCALL

TEXT listen<>(SB), NOSPLIT|NOFRAME, $0-0
again:
	ARRIVE
	BYTE
	MOVQ AX, control_got(R12)
	CMPQ AX, $1
	JNE  over
	INCQ control_calls(R12)
	JMP  again
over:
	JMP  exit<>(SB)

TEXT sync<>(SB), NOSPLIT|NOFRAME, $0-0
again:
	ARRIVE
	BYTE
	CMPQ AX, $1
	JNE  over
	MOVL $const_sysWrite, AX
	MOVL control_out(R12), DI
	LEAQ control_tls(R12), SI
	MOVL $const_syncBytes, DX
	SYSCALL
	TESTQ AX, AX
	JLT  over
	MOVL $const_sysFsync, AX
	MOVL control_out(R12), DI
	SYSCALL
	TESTQ AX, AX
	JLT  over
	INCQ control_calls(R12)
	JMP  again
over:
	MOVQ AX, control_got(R12)
	JMP  exit<>(SB)

//	AX  the result of the work so far
TEXT hog<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
	MOVL control_seen(R12), AX
again:
	MOVL $const_workChunk, CX
	STEPS(step)
	INCQ control_calls(R12)
	CMPL set_release(R13), $0
	JEQ  again
	MOVQ AX, control_got(R12)
	JMP  exit<>(SB)

//	BX  bytes read
TEXT echo<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
next:
	MOVL $const_sysRead, AX
	MOVQ control_fd(R12), DI
	MOVQ SP, SI
	SUBQ $const_echoBytes, SI
	MOVL $const_echoBytes, DX
	SYSCALL
	MOVQ AX, control_got(R12)
	TESTQ AX, AX
	JLE  over
	MOVQ AX, BX
	MOVL $const_sysWrite, AX
	MOVQ control_fd(R12), DI
	MOVQ SP, SI
	SUBQ $const_echoBytes, SI
	MOVQ BX, DX
	SYSCALL
	CMPQ AX, BX
	JNE  short
	ADDQ BX, control_echoed(R12)
	JMP  next
short:
	MOVQ AX, control_failed(R12)
over:
	JMP  exit<>(SB)

#include "bodies_linux.h"
