package goroutines

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"
)

func metric(t *testing.T, name string) int {
	t.Helper()
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		t.Fatalf("no metric %s", name)
	}
	return int(s[0].Value.Uint64())
}

// still keeps the garbage collector out of a test that counts goroutines or
// stacks.
func still(t *testing.T) {
	runtime.GC()
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
}

// TestCreate: as many goroutines as asked for, in batches, each of which ends
// before the next begins; with every combination of hooks.
func TestCreate(t *testing.T) {
	leaveNothing(t)
	still(t)
	for _, size := range [][2]int{{0, 1}, {1, 1}, {1, 100}, {10, 3}, {99, 1}, {1000, 250}, {1000, 1000}, {300, 299}} {
		n, batch := size[0], size[1]
		for hooks := range 4 {
			var in, out, together, most atomic.Int64
			var hookIn, hookOut func()
			if hooks&1 != 0 {
				hookIn = func() {
					in.Add(1)
					for now := together.Add(1); ; {
						seen := most.Load()
						if now <= seen || most.CompareAndSwap(seen, now) {
							break
						}
					}
					runtime.Gosched()
					together.Add(-1)
				}
			}
			if hooks&2 != 0 {
				hookOut = func() { out.Add(1) }
			}
			before := metric(t, "/sched/goroutines-created:goroutines")
			Create(n, batch, hookIn, hookOut)
			// The runtime may start some of its own.
			if created := metric(t, "/sched/goroutines-created:goroutines") - before; created < n || created > n+10 {
				t.Errorf("Create(%d, %d) created %d goroutines", n, batch, created)
			}
			wantIn, wantOut := n*(hooks&1), n*(hooks>>1)
			if int(in.Load()) != wantIn || int(most.Load()) > batch {
				t.Errorf("Create(%d, %d): in was called %d times, by up to %d at a time; want %d", n, batch, in.Load(), most.Load(), wantIn)
			}
			// out comes after the join.
			eventually(t, "each task has called out", func() bool { return int(out.Load()) >= wantOut })
			if int(out.Load()) != wantOut {
				t.Errorf("Create(%d, %d): out was called %d times, want %d", n, batch, out.Load(), wantOut)
			}
		}
	}
}

// TestNoBatch: tasks in batches of none would never be made.
func TestNoBatch(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Create(1, 0) didn't panic")
		}
	}()
	Create(1, 0, nil, nil)
}

// parked returns the number of goroutines in a set's park.
func parked(t *testing.T) int {
	t.Helper()
	all := make([]runtime.StackRecord, 10_000)
	n, ok := runtime.GoroutineProfile(all)
	if !ok {
		t.Fatalf("%d goroutines", n)
	}
	count := 0
	for _, g := range all[:n] {
		frames := runtime.CallersFrames(g.Stack())
		for {
			f, more := frames.Next()
			if strings.HasSuffix(f.Function, ".(*Set).park") {
				count++
			}
			if !more {
				break
			}
		}
	}
	return count
}

// TestSet grows a set in steps and lets it go.
func TestSet(t *testing.T) {
	for _, depth := range []int{0, 1, 5000} {
		leaveNothing(t)
		var in atomic.Int64
		h := NewSet(depth, func() { in.Add(1) })
		h.Wait() // for nobody
		total := 0
		for _, n := range []int{1, 0, 50, 500} {
			if err := h.Make(n); err != nil {
				t.Fatal(err)
			}
			total += n
			h.Wait()
			h.Wait() // there is nothing to wait for any more
			if got := int(in.Load()); got != total {
				t.Errorf("depth %d: in was called %d times by %d tasks", depth, got, total)
			}
			if got := parked(t); got != total {
				t.Errorf("depth %d: %d tasks are parked, want %d", depth, got, total)
			}
		}
		// Two steps and one Wait for both, however far the first has got.
		for i := range 20 {
			for range 2 {
				if err := h.Make(10); err != nil {
					t.Fatal(err)
				}
				total += 10
				for range i {
					runtime.Gosched()
				}
			}
			h.Wait()
			if got := int(in.Load()); got != total {
				t.Errorf("depth %d: in was called %d times by %d tasks", depth, got, total)
			}
		}
		h.Release()
		h.Join()
		if got := parked(t); got != 0 {
			t.Errorf("depth %d: %d tasks are parked after the join", depth, got)
		}
	}
}

// TestSetWithoutTasks: a set without tasks can be ended.
func TestSetWithoutTasks(t *testing.T) {
	leaveNothing(t)
	h := NewSet(100, nil)
	h.Wait()
	h.Release()
	h.Join()
	NewSet(0, nil).Join()
}

// TestDepth: a parked task's stack holds the depth, and less than four times
// as much.
func TestDepth(t *testing.T) {
	leaveNothing(t)
	still(t)
	const n = 64
	for _, depth := range []int{16 << 10, 64 << 10, 200_000, 512 << 10} {
		h := NewSet(depth, nil)
		before := metric(t, "/memory/classes/heap/stacks:bytes")
		h.Make(n)
		h.Wait()
		each := (metric(t, "/memory/classes/heap/stacks:bytes") - before) / n
		if each < depth || each > 4*depth {
			t.Errorf("depth %d: %d bytes of stack per task, want %d to %d", depth, each, depth, 4*depth)
		}
		h.Release()
		h.Join()
	}
}

// TestDescend measures the depth by addresses on the stack.
func TestDescend(t *testing.T) {
	for _, depth := range []int{1, frameBytes, frameBytes + 1, 10_000, 1 << 20} {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			way := 0
			measure := func() {
				// The stack may move on the way: it takes the pointer with it.
				var top byte
				at := &top
				descend(depth, func() {
					var bottom byte
					// Sound: two addresses of this stack, as numbers.
					way = int(uintptr(unsafe.Pointer(at)) - uintptr(unsafe.Pointer(&bottom)))
				})
			}
			if testing.AllocsPerRun(1, measure) > 0 {
				t.Skip("needs variables on the stack, where this build's instrumentation has them on the heap")
			}
			if most := depth + 3*frameSize; way < depth || way > most {
				t.Errorf("descend(%d) went down by %d bytes, want %d to %d", depth, way, depth, most)
			}
		})
	}
}

// TestWorkers gives turns to a set of workers: each does its work once, and
// parks again.
func TestWorkers(t *testing.T) {
	for _, n := range []int{0, 1, 300} {
		leaveNothing(t)
		h := NewWorkers(100, nil)
		if err := h.Make(n); err != nil {
			t.Fatal(err)
		}
		h.Wait()
		if got := h.Worked(); got != 0 {
			t.Errorf("%d workers have worked before their turn", got)
		}
		turns := 0
		h.Turns(func() { turns++ })
		if got := h.Worked(); got != n || turns != n {
			t.Errorf("%d workers have worked in %d turns, want %d in %d", got, turns, n, n)
		}
		if got := parked(t); got != n {
			t.Errorf("%d tasks are parked after their turn, want %d", got, n)
		}
		h.Release()
		h.Join()
	}
}

// TestWorkersReleasedFirst: workers without a turn can be ended.
func TestWorkersReleasedFirst(t *testing.T) {
	leaveNothing(t)
	h := NewWorkers(100, nil)
	if err := h.Make(10); err != nil {
		t.Fatal(err)
	}
	h.Release()
	h.Join()
	if got := h.Worked(); got != 10 {
		t.Errorf("%d of 10 workers have worked", got)
	}
}

func TestNoWork(t *testing.T) {
	defer func() {
		if r := recover(); r != "goroutines: 0 steps of work" {
			t.Errorf("panic %v", r)
		}
	}()
	NewWorkers(0, nil)
}
