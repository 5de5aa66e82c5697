package bench

import (
	"runtime"
	"slices"
	"sync/atomic"
	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
	"time"
)

// toldThreads is a *lockstep.Skip where the system doesn't tell a task which
// thread it runs on.
func toldThreads() error {
	if threads.TID() < 0 {
		return lockstep.Skipf("%s does not tell a task its thread, so that nothing would show that each had its own", runtime.GOOS)
	}
	return nil
}

// A parkedHerd is n tasks that park until they are released, in any
// contender: *goroutines.Herd and *threads.Herd.
type parkedHerd interface {
	Make(n int) error
	Wait()
	Release()
	Join()
}

// A census is a herd and the tids of its tasks, nil where they have no thread
// of their own.
type census struct {
	parkedHerd
	tids func() []int
}

func goroutineHerd(n, depth int, stack int) (census, error) {
	return census{goroutines.NewHerd(depth, nil), nil}, nil
}

// lockedHerd is goroutines that each wire themselves to a thread, say which,
// and exit locked.
func lockedHerd(n, depth int, stack int) (census, error) {
	if err := toldThreads(); err != nil {
		return census{}, err
	}
	in, tids := tidsOf(n)
	return census{goroutines.NewHerd(depth, in), tids}, nil
}

// tidsOf is what each of n tasks does first to wire itself to a thread and to
// say which, and what they have said.
func tidsOf(n int) (in func(), tids func() []int) {
	all := make([]int, n)
	var next atomic.Int64
	return func() {
		runtime.LockOSThread()
		all[next.Add(1)-1] = threads.TID()
	}, func() []int { return all[:next.Load()] }
}

func cloneHerd(n, depth int, stack int) (census, error) {
	h, err := threads.NewHerd(max(stack, threads.LeastStack(depth)), depth)
	if err != nil {
		return census{}, skipUnsupported(err)
	}
	return census{h, h.TIDs}, nil
}

type newHerd func(n, depth int, stack int) (census, error)

// tasksAlive are all goroutines of the program and all raw threads.
func tasksAlive() int {
	raw, _ := threads.Alive()
	return runtime.NumGoroutine() + raw
}

// settled is tasksAlive, counted again for up to a second until it is what it
// is to be: what runs finalizers and cleanups is a goroutine of the program
// while it runs one.
func settled(want int) (alive int) {
	for range 1000 {
		if alive = tasksAlive(); alive == want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return alive
}

// distinct is how many of the tids differ.
func distinct(tids []int) int64 {
	s := slices.Sorted(slices.Values(tids))
	return int64(len(slices.Compact(s)))
}
