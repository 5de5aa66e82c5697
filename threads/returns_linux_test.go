//go:build linux && (amd64 || arm64)

package threads

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// An instruction of a body, with the properties that this test looks at.
type instruction struct {
	at, size uintptr
	text     string
	calls    bool
	returns  bool
	kernel   bool    // it is a system call
	jumps    uintptr // where to; 0 if it doesn't, or to an address in a register
	leaves   bool    // it jumps to an address in a register or in memory
	unknown  bool
}

// body is the instructions of the function that begins at pc: those that this
// process runs, as the linker has put them.
func body(t *testing.T, pc uintptr) []instruction {
	t.Helper()
	f := runtime.FuncForPC(pc)
	if f == nil || f.Entry() != pc {
		t.Fatalf("no function begins at %#x", pc)
	}
	var all []instruction
	filled := false // the rest fills up the space to the next function
	for at := pc; runtime.FuncForPC(at) == f; {
		i := decode(at)
		filled = filled || filling(at)
		switch {
		case filled && !filling(at), i.unknown && !filled:
			t.Fatalf("%s+%#x: no instruction that is known", f.Name(), at-pc)
		case filled:
			i.size = fillBytes
		default:
			all = append(all, i)
		}
		at += i.size
	}
	return all
}

// textAt is a place in this process's own text. Reading there is sound: the
// text is mapped for reading, and nobody changes it.
func textAt(at uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&at)) }

// TestNoReturns disassembles the bodies. None may call or return: a return after
// a context switch is mispredicted, which costs more than everything else in a
// body. A jump may leave a body only to where the thread ends or parks.
func TestNoReturns(t *testing.T) {
	// A new thread jumps to the body that its control names, and the handler of
	// faults to the handler that was there before.
	begins := map[string]bool{"watch": true, "fault": true, "driveCreate": true, "driveCreateStamped": true}
	all := reflect.ValueOf(pcs)
	for i := range all.NumField() {
		name, pc := all.Type().Field(i).Name, uintptr(all.Field(i).Uint())
		instructions := body(t, pc)
		calls, returns, kernel := 0, 0, 0
		last := instructions[len(instructions)-1]
		for _, in := range instructions {
			if in.calls {
				calls++
			}
			if in.returns {
				returns++
			}
			if in.kernel {
				kernel++
			}
			if in.leaves && !begins[name] {
				t.Errorf("%s: %#x: %s leads nobody knows where", name, in.at-pc, in.text)
			}
			if in.jumps != 0 && (in.jumps < pc || in.jumps > last.at) {
				to := runtime.FuncForPC(in.jumps)
				if to == nil || to.Entry() != in.jumps || to.Name() != "exit" && to.Name() != "hold" {
					t.Errorf("%s: %#x: %s leads out of the body, not to where a thread ends or parks", name, in.at-pc, in.text)
				}
			}
		}
		want := 0
		if strings.HasSuffix(name, "Called") {
			want = 2 // a function for each half of a hand-off: that is what they measure
		}
		if strings.HasSuffix(name, "YieldCalled") {
			want = 1 // which is one call
		}
		if calls != want || returns != 0 {
			t.Errorf("%s: %d calls and %d returns in %d instructions, want %d and 0", name, calls, returns, len(instructions), want)
		}
		// Each driver makes at least these system calls, the two readings of
		// the clock among them. Fewer mean that the test did not see all of it.
		if strings.HasPrefix(name, "drive") && kernel < 8 {
			t.Errorf("%s: %d system calls seen, want those of the gate, the clock and getrusage", name, kernel)
		}
	}

	// The test can find a return: clone has one.
	clones := body(t, reflect.ValueOf(clone).Pointer())
	if !slices.ContainsFunc(clones, func(in instruction) bool { return in.returns }) {
		t.Errorf("no return seen in clone, which has one: %+v", clones)
	}
}
