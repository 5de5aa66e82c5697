#include "textflag.h"
#include "go_asm.h"

// A system call takes its number in R8 and its arguments in R0 to R5; it
// answers in R0, with -errno for an error, and keeps every other register.
// The package's doc lists the words that others write, and what orders them.

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

// FUTEX is a futex operation with no timeout on the word whose address is in
// R0.
#define FUTEX(op, val) \
	MOVD $op, R1 \
	MOVD val, R2 \
	MOVD ZR, R3 \
	MOVD $const_sysFutex, R8 \
	SVC

// SIGMASK sets the thread's signal mask; R1 is the new one's address, R2
// where the old one goes, or 0.
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
// child inherits the full mask and keeps it. It is one NOSPLIT function, so
// that the goroutine can't move to another thread between the two masks.
//
//	R19  c
//	R20  what clone answered
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

// func bodyPCs(pcs *bodies)
//
// Fills in where each body and each half of a call begins.
TEXT ·bodyPCs(SB), NOSPLIT, $0-8
	MOVD pcs+0(FP), R0
	MOVD $exit<>(SB), R1
	MOVD R1, bodies_exit(R0)
	MOVD $park<>(SB), R1
	MOVD R1, bodies_park(R0)
	MOVD $drive<>(SB), R1
	MOVD R1, bodies_drive(R0)
	MOVD $serve<>(SB), R1
	MOVD R1, bodies_serve(R0)
	MOVD $futexPass<>(SB), R1
	MOVD R1, bodies_futexPass(R0)
	MOVD $futexTake<>(SB), R1
	MOVD R1, bodies_futexTake(R0)
	MOVD $futexMiss<>(SB), R1
	MOVD R1, bodies_futexMiss(R0)
	MOVD $pipePass<>(SB), R1
	MOVD R1, bodies_pipePass(R0)
	MOVD $pipeTake<>(SB), R1
	MOVD R1, bodies_pipeTake(R0)
	MOVD $yieldPass<>(SB), R1
	MOVD R1, bodies_yieldPass(R0)
	MOVD $yieldTake<>(SB), R1
	MOVD R1, bodies_yieldTake(R0)
	MOVD $nop<>(SB), R1
	MOVD R1, bodies_nop(R0)
	MOVD $watch<>(SB), R1
	MOVD R1, bodies_watch(R0)
	MOVD $fault<>(SB), R1
	MOVD R1, bodies_fault(R0)
	MOVD $spawn<>(SB), R1
	MOVD R1, bodies_spawn(R0)
	MOVD $join<>(SB), R1
	MOVD R1, bodies_join(R0)
	MOVD $begin<>(SB), R1
	MOVD R1, bodies_begin(R0)
	MOVD $stampSpawn<>(SB), R1
	MOVD R1, bodies_stampSpawn(R0)
	MOVD $stamp<>(SB), R1
	MOVD R1, bodies_stamp(R0)
	MOVD $takeStamp<>(SB), R1
	MOVD R1, bodies_takeStamp(R0)
	MOVD $touch<>(SB), R1
	MOVD R1, bodies_touch(R0)
	MOVD $work<>(SB), R1
	MOVD R1, bodies_work(R0)
	MOVD $share<>(SB), R1
	MOVD R1, bodies_share(R0)
	MOVD $source<>(SB), R1
	MOVD R1, bodies_source(R0)
	MOVD $stage<>(SB), R1
	MOVD R1, bodies_stage(R0)
	MOVD $order<>(SB), R1
	MOVD R1, bodies_order(R0)
	MOVD $sink<>(SB), R1
	MOVD R1, bodies_sink(R0)
	MOVD $listen<>(SB), R1
	MOVD R1, bodies_listen(R0)
	MOVD $sync<>(SB), R1
	MOVD R1, bodies_sync(R0)
	MOVD $hog<>(SB), R1
	MOVD R1, bodies_hog(R0)
	MOVD $takeByte<>(SB), R1
	MOVD R1, bodies_takeByte(R0)
	MOVD $sleepTake<>(SB), R1
	MOVD R1, bodies_sleepTake(R0)
	MOVD $echo<>(SB), R1
	MOVD R1, bodies_echo(R0)
	RET

// The bodies. Each begins with its control in R19, on its own stack, under
// the law of the raw thread (see the package's doc).
//
//	R19  the thread's control
//	R20  the peer's control, or the herd
//	R21  calls still to make

// exit ends the thread. The kernel clears the tid word and wakes its futex. It
// does so by a plain store: the barrier has who sees it cleared see all else
// that the thread has written.
TEXT exit<>(SB), NOSPLIT|NOFRAME, $0-0
	DMB  $0xb // ISH
	MOVD ZR, R0
	MOVD $const_sysExit, R8
	SVC
	BRK

// watch gives the thread the signal stack of faults, leaves it the mask with
// their signals open, and goes on with what the thread is for.
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

// fault is the handler of the signals of faults. On the stack of faults it
// posts what the kernel tells, and waits for the end. On any other it is a
// thread of the Go runtime's: the handler that was there finds everything as
// the kernel left it.
//
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

// ARRIVE says who the thread is and counts it into its herd; the arrival
// that was waited for wakes the waiter. It leaves the herd in R20.
#define ARRIVE \
	MOVD $const_sysGettid, R8 \
	SVC \
	ADD  $control_seen, R19, R1 \
	STLRW R0, (R1) \
	MOVD control_herd(R19), R20 \
	ADD  $herd_arrived, R20, R0 \
count: \
	LDAXRW (R0), R1 \
	ADDW $1, R1 \
	STLXRW R1, (R0), R2 \
	CBNZ R2, count \
	ADD  $herd_want, R20, R2 \
	LDARW (R2), R2 /* not before the count is stored */ \
	CMPW R1, R2 \
	BNE  arrived \
	FUTEX(const_futexWakePrivate, $1) \
arrived:

// park touches each page of its stack down to the depth, arrives, waits until
// the herd is released, and exits.
TEXT park<>(SB), NOSPLIT|NOFRAME, $0-0
	CALL touch<>(SB)
	ARRIVE
	JMP  hold<>(SB)

// hold waits until the herd in R20 is released, and exits.
TEXT hold<>(SB), NOSPLIT|NOFRAME, $0-0
	JMP  released
wait:
	ADD  $herd_release, R20, R0
	FUTEX(const_futexWaitPrivate, ZR)
released:
	ADD  $herd_release, R20, R0
	LDARW (R0), R1
	CBZW R1, wait
	JMP  exit<>(SB)

// FAILED keeps a negative result of a system call that may not fail.
#define FAILED(done) \
	TBZ  $63, R0, done \
	MOVD R0, control_failed(R19)

// SAMPLE asks which CPU this is, if it is time to (asks).
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

// STAMP takes a stamp: the counter that goroutines.Ticks reads, not read
// before what stands before it is done.
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

// CALLOP makes one call of a driver: pass, then take.
#define CALLOP \
	MOVD control_pass(R19), R9 \
	CALL (R9) \
	MOVD control_take(R19), R9 \
	CALL (R9)

// begin takes a stamp as its first instruction, and exits.
TEXT begin<>(SB), NOSPLIT|NOFRAME, $0-0
	STAMP
	JMP  exit<>(SB)

// drive waits for a turn at its gate, makes the warm-up's calls, makes n
// calls on the clock, and says that the turn is over; until quit.
TEXT drive<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD control_other(R19), R20
	MOVD $const_sysGettid, R8
	SVC
	MOVW R0, control_seen(R19)
	JMP  gate

closed:
	ADD  $control_gate, R19, R0
	FUTEX(const_futexWaitPrivate, R22)
gate:
	MOVWU control_done(R19), R22
	ADD  $control_gate, R19, R0
	LDARW (R0), R1
	CMPW R1, R22
	BEQ  closed
	MOVWU control_quit(R19), R0
	CBNZ R0, quit

	// A peer that spins (yield) sleeps on run between the turns.
	MOVD $1, R1
	ADD  $control_run, R19, R0
	STLRW R1, (R0)
	FUTEX(const_futexWakePrivate, $1)

	MOVD control_warm(R19), R21
	JMP  warmed
warm:
	SAMPLE(warmCall)
warmCall:
	CALLOP
	CALLED
	SUB  $1, R21
warmed:
	CBNZ R21, warm

	MOVD ZR, R0
	ADD  $control_before, R19, R1
	MOVD $const_sysGetrusage, R8
	SVC
	FAILED(before)
before:
	MOVD $const_clockMonotonic, R0
	ADD  $control_start, R19, R1
	MOVD $const_sysClockGettime, R8
	SVC
	FAILED(start)
start:

	MOVD control_n(R19), R21
	JMP  counted
count:
	SAMPLE(call)
call:
	CALLOP
	CALLED

	// Where both sampled, compare.
	MOVD control_asks(R19), R1
	TST  R1, R0
	BNE  next
	CBZ  R20, next
	MOVWU control_cpu(R20), R1
	CMPW $const_noCPU, R1
	BEQ  next
	MOVD control_samples(R19), R0
	ADD  $1, R0
	MOVD R0, control_samples(R19)
	MOVWU control_cpu(R19), R0
	CMPW R0, R1
	BEQ  next
	MOVD control_crossed(R19), R0
	ADD  $1, R0
	MOVD R0, control_crossed(R19)
next:
	SUB  $1, R21
counted:
	CBNZ R21, count

	MOVD $const_clockMonotonic, R0
	ADD  $control_end, R19, R1
	MOVD $const_sysClockGettime, R8
	SVC
	FAILED(end)
end:
	MOVD ZR, R0
	ADD  $control_after, R19, R1
	MOVD $const_sysGetrusage, R8
	SVC
	FAILED(after)
after:
	ADD  $control_run, R19, R0
	STLRW ZR, (R0)
	MOVWU control_gate(R19), R1
	ADD  $control_done, R19, R0
	STLRW R1, (R0)
	FUTEX(const_futexWakePrivate, $1)
	JMP  gate
quit:
	JMP  exit<>(SB)

// serve is the peer: it takes the turn and passes it back, until quit.
TEXT serve<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD control_other(R19), R20
	MOVD $const_sysGettid, R8
	SVC
	MOVW R0, control_seen(R19)
again:
	MOVD control_take(R19), R9
	CALL (R9)
	ADD  $control_quit, R19, R0
	LDARW (R0), R1
	CBNZ R1, quit
	SAMPLE(answer)
answer:
	CALLED
	MOVD control_pass(R19), R9
	CALL (R9)
	JMP  again
quit:
	JMP  exit<>(SB)

// The halves of a call. They keep R19, R20 and R21, and may use R22
// to R24; takeStamp keeps its way back in R25.

// futexPass gives the turn to the peer and wakes it.
TEXT futexPass<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $1, R1
	ADD  $control_turn, R20, R0
	STLRW R1, (R0)
	FUTEX(const_futexWakePrivate, $1)
	FAILED(done)
done:
	RET

// futexTake waits for the turn.
TEXT futexTake<>(SB), NOSPLIT|NOFRAME, $0-0
	JMP  check
wait:
	ADD  $control_turn, R19, R0
	FUTEX(const_futexWaitPrivate, ZR)
check:
	ADD  $control_turn, R19, R0
	LDARW (R0), R1
	CBZW R1, wait
	STLRW ZR, (R0)
	RET

// futexMiss is the floor of a hand-off: a wake that finds nobody and a wait
// that doesn't, since the word isn't 1.
TEXT futexMiss<>(SB), NOSPLIT|NOFRAME, $0-0
	ADD  $control_turn, R19, R0
	FUTEX(const_futexWakePrivate, $1)
	FAILED(missed)
missed:
	ADD  $control_turn, R19, R0
	FUTEX(const_futexWaitPrivate, $1)
	RET

// pipePass writes a byte.
TEXT pipePass<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVW control_out(R19), R0
	MOVD RSP, R1
	SUB  $16, R1
	MOVD $1, R2
	MOVD $const_sysWrite, R8
	SVC
	FAILED(done)
done:
	RET

// pipeTake reads a byte.
TEXT pipeTake<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVW control_in(R19), R0
	MOVD RSP, R1
	SUB  $16, R1
	MOVD $1, R2
	MOVD $const_sysRead, R8
	SVC
	FAILED(done)
done:
	RET

// yieldPass yields the CPU.
TEXT yieldPass<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $const_sysSchedYield, R8
	SVC
	RET

// yieldTake keeps a yielding peer asleep between the turns. Its driver's run
// is the word; quit ends the sleep.
TEXT yieldTake<>(SB), NOSPLIT|NOFRAME, $0-0
	JMP  check
wait:
	ADD  $control_run, R20, R0
	FUTEX(const_futexWaitPrivate, ZR)
check:
	ADD  $control_run, R20, R0
	LDARW (R0), R1
	CBZW R1, wait
	RET

// nop is the half of a call that has nothing to do.
TEXT nop<>(SB), NOSPLIT|NOFRAME, $0-0
	RET

// stamp takes a stamp.
TEXT stamp<>(SB), NOSPLIT|NOFRAME, $0-0
	STAMP
	RET

// takeStamp is the inner half, and a stamp as soon as that is over.
TEXT takeStamp<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD R30, R25
	MOVD control_inner(R19), R9
	CALL (R9)
	STAMP
	JMP  (R25)

// touch touches each page of the stack from its top, the control, down to the
// depth. It writes what is there, so that what the stack holds stays.
TEXT touch<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD control_depth(R19), R1
	MOVD R19, R0
	SUB  R1, R0, R1 // the deepest byte to touch
next:
	CMP  R1, R0
	BLS  touched
	SUB  $const_touchBytes, R0
	CMP  R1, R0
	BHI  page
	MOVD R1, R0
page:
	MOVBU (R0), R2
	MOVB R2, (R0)
	JMP  next
touched:
	RET

// stampSpawn is spawn after a stamp.
TEXT stampSpawn<>(SB), NOSPLIT|NOFRAME, $0-0
	STAMP
	JMP  spawn<>(SB)

// spawn starts every child, in the order of the array.
//
//	R22  the index
//	R23  the child's control, in the child too
TEXT spawn<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD ZR, R22
next:
	MOVD control_batch(R19), R0
	CMP  R0, R22
	BHS  done
	MOVD control_children(R19), R0
	MOVD (R0)(R22<<3), R23
	ADD  $1, R22
	CLONE(R23)
	CBZ  R0, child
	TBNZ $63, R0, failed
	MOVD control_spawned(R19), R0
	ADD  $1, R0
	MOVD R0, control_spawned(R19)
	JMP  next
failed:
	MOVD R0, control_failed(R19)
	JMP  next
done:
	RET
child:
	MOVD R23, R19
	MOVD control_body(R19), R9
	JMP  (R9)

// join waits for every child: until the kernel has cleared its tid word. The
// kernel wakes the shared futex there, not the private one.
//
//	R22  the index
//	R23  the child's control
//	R24  the tid that is waited for
TEXT join<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD ZR, R22
next:
	MOVD control_batch(R19), R0
	CMP  R0, R22
	BHS  done
	MOVD control_children(R19), R0
	MOVD (R0)(R22<<3), R23
	ADD  $1, R22
	JMP  check
wait:
	ADD  $control_tid, R23, R0
	FUTEX(const_futexWait, R24)
check:
	ADD  $control_tid, R23, R0
	LDARW (R0), R24
	CBNZ R24, wait
	JMP  next
done:
	RET

// work arrives, waits for a turn and takes it, does its steps of work, counts
// itself, and parks. The last one to have worked wakes who waits for that.
TEXT work<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
	JMP  look
wait:
	ADD  $herd_turns, R20, R0
	FUTEX(const_futexWaitPrivate, ZR)
look:
	ADD  $herd_turns, R20, R0
take:
	LDAXRW (R0), R1
	CBZW R1, wait
	SUBW $1, R1
	STLXRW R1, (R0), R2
	CBNZ R2, take

	MOVD control_work(R19), R0
	MOVD control_n(R19), R1
	CALL threadbench∕goroutines·steps(SB)
	MOVD R0, control_work(R19)

	ADD  $herd_worked, R20, R0
tally:
	LDAXRW (R0), R1
	ADDW $1, R1
	STLXRW R1, (R0), R2
	CBNZ R2, tally
	ADD  $herd_want, R20, R2
	LDARW (R2), R2 /* not before the tally is stored */
	CMPW R1, R2
	BNE  worked
	FUTEX(const_futexWakePrivate, $1)
worked:
	JMP  hold<>(SB)

// share is a crew's worker: it waits for a list, does the item that the shared
// index says until there is none left, and takes the time; the last one says
// that the list is done. Until quit.
//
//	R20  the crew
//	R21  the item's index, the item
//	R22  the number of the latest list that this thread is done with
//	R23  the record
TEXT share<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD control_crew(R19), R20
	MOVD $const_sysGettid, R8
	SVC
	MOVW R0, control_seen(R19)
	MOVD ZR, R22
	JMP  gate
closed:
	ADD  $crew_gate, R20, R0
	FUTEX(const_futexWaitPrivate, R22)
gate:
	ADD  $control_quit, R19, R0
	LDARW (R0), R1
	CBNZ R1, quit
	ADD  $crew_gate, R20, R0
	LDARW (R0), R1
	CMPW R1, R22
	BEQ  closed
	MOVWU R1, R22
	MOVD $const_noCPU, R0
	MOVW R0, control_cpu(R19)
next:
	ADD  $crew_next, R20, R0
index:
	LDAXR (R0), R21
	ADD  $1, R21, R1
	STLXR R1, (R0), R2
	CBNZ R2, index
	MOVD crew_n(R20), R0
	CMP  R0, R21
	BHS  over

	MOVD $record__size, R0
	MOVD crew_records(R20), R23
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
	MOVD crew_items(R20), R1
	MADD R0, R1, R21, R21
	MOVD item_X(R21), R0
	MOVD item_Steps(R21), R1
	CALL threadbench∕goroutines·steps(SB)
	MOVD R0, record_Result(R23)
	JMP  next
over:
	MOVD $const_clockMonotonic, R0
	ADD  $control_end, R19, R1
	MOVD $const_sysClockGettime, R8
	SVC
	FAILED(ended)
ended:
	ADD  $crew_left, R20, R0
leave:
	LDAXRW (R0), R1
	SUBW $1, R1
	STLXRW R1, (R0), R2
	CBNZ R2, leave
	CBNZW R1, gate
	ADD  $crew_done, R20, R0
	STLRW R22, (R0)
	FUTEX(const_futexWakePrivate, $1)
	FAILED(said)
said:
	JMP  gate
quit:
	JMP  exit<>(SB)

// The tasks of a pipeline. R22 is what they hand on.

// SWAP writes v into the word whose address is in R0 and leaves what was there
// in R1. What stands before it and is stored with release comes before it.
#define SWAP(v, again) \
again: \
	LDAXRW (R0), R1 \
	STLXRW v, (R0), R2 \
	CBNZ R2, again

// WAKE wakes who waits on a word of the ring in R24, if anybody does. What
// stands before it and is stored with release is seen by whoever finds the
// word 0.
#define WAKE(word, swap, woken) \
	ADD  word, R24, R0 \
	SWAP(ZR, swap) \
	CBZW R1, woken \
	FUTEX(const_futexWakePrivate, $1) \
	FAILED(woken) \
woken:

// RINGTAKE takes an item from the ring in R24 and leaves it in R22. The one
// that puts is woken if it waits. A task that waits in vain is woken to quit.
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
	ADD  $control_quit, R19, R0 \
	LDARW (R0), R1 \
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

// RINGPUT puts R22 into the ring in R24. The one that takes is woken if it
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
	ADD  $control_quit, R19, R0 \
	LDARW (R0), R1 \
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

// source puts the items from next up to until, which grows with each order,
// into its ring. It sleeps on turn; until quit.
TEXT source<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $const_sysGettid, R8
	SVC
	MOVW R0, control_seen(R19)
	MOVD control_to(R19), R24
	JMP  ordered
wait:
	ADD  $control_turn, R19, R0
	FUTEX(const_futexWaitPrivate, ZR)
check:
	ADD  $control_turn, R19, R0
	LDARW (R0), R1
	CBZW R1, wait
	STLRW ZR, (R0)
ordered:
	ADD  $control_quit, R19, R0
	LDARW (R0), R1
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

// stage takes an item from one ring, does its work, and puts what it comes to
// into the other; until quit.
TEXT stage<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $const_sysGettid, R8
	SVC
	MOVW R0, control_seen(R19)
again:
	MOVD control_from(R19), R24
	RINGTAKE(tryTake, swapDry, taken, swapFull, madeRoom)
	MOVD R22, R0
	MOVD control_steps(R19), R1
	CALL threadbench∕goroutines·steps(SB)
	MOVD R0, R22
	CALLED
	MOVD control_to(R19), R24
	RINGPUT(tryPut, swapFullFirst, there, swapDryLast, gave)
	JMP  again
quit:
	JMP  exit<>(SB)

// The halves of a call of a driver that is a pipeline's sink. Its peer is the
// source.

// order has the source put as many items as there are calls still to make and
// ahead more, if it has none to put: at the first call of the warm-up and,
// unless they were ordered ahead, of those on the clock.
TEXT order<>(SB), NOSPLIT|NOFRAME, $0-0
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
	RET

// sink takes an item and adds it up.
TEXT sink<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD control_from(R19), R24
	RINGTAKE(try, swapDry, taken, swapFull, woken)
	MOVD control_sum(R19), R0
	ADD  R22, R0
	MOVD R0, control_sum(R19)
	RET
quit:
	JMP  exit<>(SB)

// listen arrives, reads a byte, and again, until there is none; it says what
// read answered last, and exits.
TEXT listen<>(SB), NOSPLIT|NOFRAME, $0-0
again:
	ARRIVE
	MOVD control_fd(R19), R0
	MOVD RSP, R1
	SUB  $16, R1
	MOVD $1, R2
	MOVD $const_sysRead, R8
	SVC
	MOVD R0, control_got(R19)
	CMP  $1, R0
	BNE  over
	CALLED
	JMP  again
over:
	JMP  exit<>(SB)

// sync is listen with a record written to another file, and synced, for each
// byte. If one of the calls fails it says what that answered, and exits.
TEXT sync<>(SB), NOSPLIT|NOFRAME, $0-0
again:
	ARRIVE
	MOVD control_fd(R19), R0
	MOVD RSP, R1
	SUB  $16, R1
	MOVD $1, R2
	MOVD $const_sysRead, R8
	SVC
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

// hog arrives and does chunks of work, from its own tid on, until the herd is
// released; it says what they have come to, and exits.
//
//	R21  what they have come to so far
TEXT hog<>(SB), NOSPLIT|NOFRAME, $0-0
	ARRIVE
	MOVWU control_seen(R19), R21
again:
	MOVD R21, R0
	MOVD $const_workChunk, R1
	CALL threadbench∕goroutines·steps(SB)
	MOVD R0, R21
	CALLED
	ADD  $herd_release, R20, R0
	LDARW (R0), R1
	CBZW R1, again
	MOVD R21, control_got(R19)
	JMP  exit<>(SB)

// takeByte reads a byte and counts it.
TEXT takeByte<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVW control_in(R19), R0
	MOVD RSP, R1
	SUB  $16, R1
	MOVD $1, R2
	MOVD $const_sysRead, R8
	SVC
	MOVD control_got(R19), R1
	ADD  R0, R1
	MOVD R1, control_got(R19)
	FAILED(done)
done:
	RET

// sleepTake sleeps until the instant of the next stamp.
TEXT sleepTake<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $const_clockMonotonic, R0
	MOVD $const_timerAbstime, R1
	MOVD control_stamped(R19), R2
	MOVD control_instant(R19), R3
	ADD  R2<<4, R3, R2
	MOVD ZR, R3
	MOVD $const_sysNanosleep, R8
	SVC
	FAILED(done)
done:
	RET

// echo arrives, and writes back what it reads until there is no more to read,
// or a call fails.
//
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
