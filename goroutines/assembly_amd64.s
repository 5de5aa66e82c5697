#include "textflag.h"

// func chunk(x uint64, n int) uint64
TEXT ·chunk(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), AX
	MOVQ n+8(FP), CX
	MOVQ $6364136223846793005, DX
	MOVQ $1442695040888963407, R8
	// Aligned as STEPS in threads is, so that a loop's place in its cache line
	// makes no difference between the two.
	PCALIGN $64
next:
	IMULQ DX, AX
	ADDQ R8, AX
	DECQ CX
	JNZ  next
	MOVQ AX, ret+16(FP)
	RET

// func Ticks() int64
TEXT ·Ticks(SB), NOSPLIT, $0-8
	LFENCE
	RDTSC
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+0(FP)
	RET
