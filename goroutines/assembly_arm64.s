#include "textflag.h"

// func chunk(x uint64, n int) uint64
TEXT ·chunk(SB), NOSPLIT, $0-24
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	MOVD $6364136223846793005, R2
	MOVD $1442695040888963407, R3
	// Aligned as STEPS in threads is, so that a loop's place in its cache line
	// makes no difference between the two.
	PCALIGN $64
next:
	MADD R2, R3, R0, R0
	SUBS $1, R1
	BNE  next
	MOVD R0, ret+16(FP)
	RET

// func Ticks() int64
TEXT ·Ticks(SB), NOSPLIT, $0-8
	ISB  $15
	MRS  CNTVCT_EL0, R0
	MOVD R0, ret+0(FP)
	RET
