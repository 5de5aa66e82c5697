package measure

import (
	"testing"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/armtest"
)

// TestHeldInput reads orders as a worker that holds its P does.
func TestHeldInput(t *testing.T) {
	if !armtest.Alone(t) {
		return
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup3(pipe[0], 0, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(pipe[1], []byte("run 5\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	if n, err := (heldInput{}).Read(nil); n != 0 || err != nil {
		t.Errorf("reading into nothing: %d, %v", n, err)
	}
	for _, want := range []string{"run ", "5\n"} {
		if n, err := (heldInput{}).Read(b); err != nil || string(b[:n]) != want {
			t.Errorf("read %q, %v, want %q", b[:n], err, want)
		}
	}
	unix.Close(pipe[1])
	if n, err := (heldInput{}).Read(b); n != 0 || err == nil || err.Error() != "EOF" {
		t.Errorf("at the end: %d, %v", n, err)
	}
	unix.Close(0)
	if n, err := (heldInput{}).Read(b); n != 0 || err != unix.EBADF {
		t.Errorf("without an input: %d, %v", n, err)
	}
}
