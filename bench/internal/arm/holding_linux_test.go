package arm

import (
	"os"
	"testing"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/host"
	"threadbench/threads"
)

// TestMemoryMeterReads holds raw threads and finds their memory: each has a page of
// stack and a mapping, and in the kernel at least a stack of 16 KiB, or of a page
// where that is larger (THREAD_SIZE).
func TestMemoryMeterReads(t *testing.T) {
	if !armtest.Alone(t, Still...) {
		return
	}
	if host.KernelBytesFrom() == "system" {
		t.Skip("this process may not make a memory cgroup")
	}
	m, err := host.NewMemoryMeter()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	const n = 500
	h, err := ParkedClones(n, 0, 0)
	if err != nil {
		t.Skip(err)
	}
	if err := Headroom(threads.Need{Threads: n, MapsPerThread: threads.MapsPerThread}); err != nil {
		h.Join()
		t.Skip(err)
	}
	before, err := m.Read()
	if err != nil {
		t.Fatal(err)
	}
	// In version 2 what the process had before stays with the group that it was in.
	if before.User <= 0 || before.Kernel < 0 || before.Reserved < before.User {
		t.Errorf("at first %+v, want some user memory and more reserved than resident", before)
	}
	if err := h.Make(n); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	during, err := m.Read()
	h.Release()
	h.Join()
	if err != nil {
		t.Fatal(err)
	}
	page := int64(os.Getpagesize())
	kernelStack := max(page, 16<<10)
	for _, part := range []struct {
		name             string
		each, from, upTo int64
	}{
		{"user", (during.User - before.User) / n, page, 16 * page},
		{"kernel", (during.Kernel - before.Kernel) / n, kernelStack, 16 * kernelStack},
		{"reserved", (during.Reserved - before.Reserved) / n, 2 * page, 16 * page},
	} {
		if part.each < part.from || part.each > part.upTo {
			t.Errorf("%s memory of a raw thread: %d bytes, want %d to %d", part.name, part.each, part.from, part.upTo)
		}
	}
}

// TestKernelThreads compares the count with the directory of the threads, before
// and after making some.
func TestKernelThreads(t *testing.T) {
	if !armtest.Alone(t) {
		return
	}
	n, err := host.KernelThreads()
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	// The runtime may make one of its own between the two.
	if n < 1 || n > len(tasks) {
		t.Errorf("%d threads, %d in /proc/self/task", n, len(tasks))
	}
	h, err := ParkedLocked(20, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(20); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	more, err := host.KernelThreads()
	if err != nil || more < 21 {
		t.Errorf("%d threads with 20 locked goroutines, %d before; %v", more, n, err)
	}
	h.Release()
	h.Join()
}
