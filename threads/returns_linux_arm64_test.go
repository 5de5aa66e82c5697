package threads

import (
	"unsafe"

	"golang.org/x/arch/arm64/arm64asm"
)

// decode reads the instruction at a place in this process's own text (see
// textAt for why that is sound).
func decode(at uintptr) instruction {
	code := unsafe.Slice((*byte)(textAt(at)), 4)
	in, err := arm64asm.Decode(code)
	if err != nil {
		return instruction{at: at, unknown: true}
	}
	i := instruction{
		at: at, text: in.String(), size: 4,
		calls:   in.Op == arm64asm.BL || in.Op == arm64asm.BLR,
		returns: in.Op == arm64asm.RET,
		kernel:  in.Op == arm64asm.SVC,
		leaves:  in.Op == arm64asm.BR,
	}
	for _, arg := range in.Args {
		if to, ok := arg.(arm64asm.PCRel); ok && !i.calls && in.Op != arm64asm.ADR && in.Op != arm64asm.ADRP {
			i.jumps = at + uintptr(to)
		}
	}
	return i
}

const fillBytes = 4

// filling reports whether a place is the linker's padding.
func filling(at uintptr) bool { return *(*uint32)(textAt(at)) == 0 }
