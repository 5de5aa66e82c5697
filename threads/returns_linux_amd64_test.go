package threads

import (
	"unsafe"

	"golang.org/x/arch/x86/x86asm"
)

// decode reads the instruction at a place in this process's own text (see
// textAt for why that is sound).
func decode(at uintptr) instruction {
	code := unsafe.Slice((*byte)(textAt(at)), 16)
	in, err := x86asm.Decode(code, 64)
	if err != nil || in.Op == x86asm.INT && in.Len == 1 {
		return instruction{at: at, unknown: true}
	}
	i := instruction{
		at: at, text: in.String(), size: uintptr(in.Len),
		calls:   in.Op == x86asm.CALL || in.Op == x86asm.LCALL,
		returns: in.Op == x86asm.RET || in.Op == x86asm.LRET || in.Op == x86asm.IRETQ,
		kernel:  in.Op == x86asm.SYSCALL,
	}
	if to, ok := in.Args[0].(x86asm.Rel); ok && !i.calls {
		i.jumps = at + i.size + uintptr(to)
	}
	i.leaves = in.Op == x86asm.JMP && i.jumps == 0
	return i
}

const fillBytes = 1

// filling reports whether a place is the linker's padding.
func filling(at uintptr) bool { return *(*byte)(textAt(at)) == 0xCC }
