//go:build linux && (amd64 || arm64)

package threads

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// pipeFor is a pipe that ends with the test, unless it was closed before.
func pipeFor(t *testing.T) (r, w *os.File) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	r, w = os.NewFile(uintptr(p[0]), "read end"), os.NewFile(uintptr(p[1]), "write end")
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// TestWaiters: the thread that waits for a byte reads it and waits again; the
// end of its file ends the thread.
func TestWaiters(t *testing.T) {
	leaveNothing(t)
	const n = 3
	var fds []int
	var ends []*os.File
	for range n {
		r, w := pipeFor(t)
		fds, ends = append(fds, int(r.Fd())), append(ends, w)
	}
	h, err := NewWaiters(fds)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(n); err != nil {
		t.Fatal(err)
	}
	h.WaitTurns(0)
	sent := 0
	for i, bytes := range []int{0, 1, 5} {
		for range bytes {
			if _, err := ends[i].Write([]byte{1}); err != nil {
				t.Fatal(err)
			}
			sent++
			h.WaitTurns(sent)
		}
	}
	for _, w := range ends {
		w.Close()
	}
	h.Join()
	for i, end := range h.Ends() {
		if want := int64([]int{0, 1, 5}[i]); end.Turns != want || end.Got != 0 {
			t.Errorf("thread %d: %+v, want %d turns and the end of the file", i, end, want)
		}
	}
	if len(h.Ends()) != n {
		t.Errorf("%d ends of %d threads", len(h.Ends()), n)
	}
}

// TestWaitersFail: a file that can't be read ends its thread.
func TestWaitersFail(t *testing.T) {
	leaveNothing(t)
	h, err := NewWaiters([]int{-1})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(1); err != nil {
		t.Fatal(err)
	}
	h.Join()
	if want := (End{Got: -int64(unix.EBADF)}); h.Ends()[0] != want {
		t.Errorf("the end is %+v, want %+v", h.Ends()[0], want)
	}
}

// TestSyncers: each byte gives a record, and the files hold what the threads
// report; a file that can't be written ends its thread.
func TestSyncers(t *testing.T) {
	leaveNothing(t)
	var fds, files []int
	var ends []*os.File
	var names []string
	for range 3 {
		r, w := pipeFor(t)
		fds, ends = append(fds, int(r.Fd())), append(ends, w)
	}
	for range 2 {
		f, err := os.Create(filepath.Join(t.TempDir(), "file"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files, names = append(files, int(f.Fd())), append(names, f.Name())
	}
	h, err := NewSyncers(fds, append(files, -1))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(3); err != nil {
		t.Fatal(err)
	}
	h.WaitTurns(0)
	want := []End{{Turns: 2}, {}, {Got: -int64(unix.EBADF)}}
	for range 2 {
		ends[0].Write([]byte{1})
	}
	h.WaitTurns(2)
	ends[2].Write([]byte{1})
	for _, w := range ends {
		w.Close()
	}
	h.Join()
	for i, end := range h.Ends() {
		if end != want[i] {
			t.Errorf("thread %d: %+v, want %+v", i, end, want[i])
		}
	}
	for i, name := range names {
		if info, err := os.Stat(name); err != nil || info.Size() != want[i].Turns*RecordBytes {
			t.Errorf("the file of thread %d: %v, %v", i, info.Size(), err)
		}
	}
}

// TestHogs: the reported work has the right result.
func TestHogs(t *testing.T) {
	leaveNothing(t)
	h, err := NewHogs()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(3); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	tids := h.TIDs()
	h.Release()
	h.Join()
	for i, end := range h.Ends() {
		want := goroutines.Worked(uint64(tids[i]), int(end.Turns)*goroutines.WorkChunk)
		if end.Turns < 1 || uint64(end.Got) != want {
			t.Errorf("hog %d: %+v, want work that comes to %d", i, end, int64(want))
		}
	}
}

// TestPacer has one thread write a byte at each instant, and another stamp each
// byte as it reads it.
func TestPacer(t *testing.T) {
	leaveNothing(t)
	const n = 20
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	var at []int64
	for i := range n {
		at = append(at, now.Nano()+int64(i+1)*int64(100*time.Microsecond))
	}
	r, w := pipeFor(t)
	reader, err := NewReader(int(r.Fd()), n)
	d := newDriverOf(t, reader, err)
	defer d.Close()
	pacer, err := NewPacer(at, int(w.Fd()))
	p := newDriverOf(t, pacer, err)
	defer p.Close()

	paced := make(chan error)
	go func() {
		_, err := p.Run(n, 0)
		paced <- err
	}()
	if timing := run(t, d, n, 0); timing.Bytes != n {
		t.Errorf("%d bytes read, want %d", timing.Bytes, n)
	}
	if err := <-paced; err != nil {
		t.Fatal(err)
	}
	wrote, _ := p.Stamps()
	read, _ := d.Stamps()
	if len(wrote) != n || len(read) != n {
		t.Fatalf("%d stamps of writes, %d of reads, want %d", len(wrote), len(read), n)
	}
	for i := range n {
		if wrote[i] > read[i] {
			t.Errorf("byte %d was read at %d and written at %d", i, read[i], wrote[i])
		}
	}
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	if now.Nano() < at[n-1] {
		t.Errorf("all is over %d ns before the last instant", at[n-1]-now.Nano())
	}
}

// TestSleeper sleeps until an instant in the past, and fails at one that is
// invalid.
func TestSleeper(t *testing.T) {
	leaveNothing(t)
	for _, test := range []struct {
		name string
		at   []int64
		want error
	}{{"one", []int64{1}, nil}, {"none", []int64{-1}, unix.EINVAL}} {
		sleeper, err := NewSleeper(test.at)
		d := newDriverOf(t, sleeper, err)
		_, err = d.Run(1, 0)
		if test.want == nil && err != nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		d.Close()
	}
	// More instants than there is room for.
	sleeper, err := NewSleeper([]int64{1})
	d := newDriverOf(t, sleeper, err)
	defer d.Close()
	if _, err := d.Run(2, 0); err == nil {
		t.Error("it sleeps until an instant that nobody named")
	}
}
