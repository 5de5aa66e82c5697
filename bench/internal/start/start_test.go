package start

import (
	"os"
	"testing"

	"threadbench/bench/internal/armtest"
)

// TestBeginningProof compares the counts with each other.
func TestBeginningProof(t *testing.T) {
	const one = "goroutine 1 [running]:\nmain.main()\n"
	for _, test := range []struct {
		name   string
		change func(*beginning)
		want   string // of the error, "" for none
	}{
		{"as it is", func(*beginning) {}, ""},
		{"two of the program's", func(b *beginning) { b.users, b.all, b.stacks = 2, 7, []byte(one+"\n\ngoroutine 7 [select]:\nx()\n") }, ""},
		{"a thread being made", func(b *beginning) { b.known++ }, ""},
		{"another GOMAXPROCS", func(b *beginning) { b.procs = 3 }, "expected GOMAXPROCS 4, seen 3"},
		{"not main", func(b *beginning) { b.stacks = []byte("goroutine 18 [running]:\n") }, "expected the first goroutine to look around, seen \"goroutine 18"},
		{"one more in the profile", func(b *beginning) { b.stacks = []byte(one + "\n\ngoroutine 7 [select]:\nx()\n") }, "expected 1 goroutines in a profile (runtime.NumGoroutine), seen 2"},
		{"none of the runtime's", func(b *beginning) { b.all = 1 }, "the runtime's own: seen 1"},
		{"a thread of somebody else's", func(b *beginning) { b.threads = 6 }, "the kernel counts 6"},
		{"no count", func(b *beginning) { b.err = os.ErrPermission }, "permission"},
	} {
		b := beginning{procs: 4, threads: 5, known: 5, all: 6, users: 1, stacks: []byte(one)}
		test.change(&b)
		armtest.Says(t, test.name, b.prove(4), test.want)
	}
}

// TestStartElsewhere: a process that did not look at its beginning can't report
// it.
func TestStartElsewhere(t *testing.T) {
	_, err := openStart(1)(nil)
	armtest.Says(t, "opened elsewhere", err, "has to be a worker of Start")
}
