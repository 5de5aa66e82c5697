package arm

import (
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

// ToldThreads is a *lockstep.Skip where the system doesn't tell a task which
// thread it runs on.
func ToldThreads() error {
	if threads.TID() < 0 {
		return lockstep.Skipf("%s does not tell a task its thread, so that nothing would show that each had its own", runtime.GOOS)
	}
	return nil
}

// A ParkedHerd is n tasks that park until they are released, in any
// contender: *goroutines.Herd and *threads.Herd.
type ParkedHerd interface {
	Make(n int) error
	Wait()
	Release()
	Join()
}

// A Census is a herd and the tids of its tasks, nil where they have no thread
// of their own.
type Census struct {
	ParkedHerd
	Tids func() []int
}

// GoroutineHerd is goroutines.
func GoroutineHerd(n, depth int, stack int) (Census, error) {
	return Census{goroutines.NewHerd(depth, nil), nil}, nil
}

// LockedHerd is goroutines that each wire themselves to a thread, say which,
// and exit locked.
func LockedHerd(n, depth int, stack int) (Census, error) {
	if err := ToldThreads(); err != nil {
		return Census{}, err
	}
	in, tids := TidsOf(n)
	return Census{goroutines.NewHerd(depth, in), tids}, nil
}

// TidsOf is what each of n tasks does first to wire itself to a thread and to
// say which, and what they have said.
func TidsOf(n int) (in func(), tids func() []int) {
	all := make([]int, n)
	var next atomic.Int64
	return func() {
		runtime.LockOSThread()
		all[next.Add(1)-1] = threads.TID()
	}, func() []int { return all[:next.Load()] }
}

// CloneHerd is raw threads, with so much stack or the least that depth takes.
func CloneHerd(n, depth int, stack int) (Census, error) {
	h, err := threads.NewHerd(max(stack, threads.LeastStack(depth)), depth)
	if err != nil {
		return Census{}, SkipUnsupported(err)
	}
	return Census{h, h.TIDs}, nil
}

// A NewHerd makes a herd of at most n tasks that go down their stacks by depth
// bytes; stack is what a raw thread is given, 0 for the least.
type NewHerd func(n, depth int, stack int) (Census, error)

// TasksAlive are all goroutines of the program and all raw threads.
func TasksAlive() int {
	raw, _ := threads.Alive()
	return runtime.NumGoroutine() + raw
}

// Settled is TasksAlive, counted again for up to a second until it is what it
// is to be: what runs finalizers and cleanups is a goroutine of the program
// while it runs one.
func Settled(want int) (alive int) {
	for range 1000 {
		if alive = TasksAlive(); alive == want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return alive
}

// Distinct is how many of the tids differ.
func Distinct(tids []int) int64 {
	s := slices.Sorted(slices.Values(tids))
	return int64(len(slices.Compact(s)))
}

// Begun is how many tasks have said which thread they run on.
func Begun(tids []int) (n int64) {
	for _, tid := range tids {
		if tid != 0 {
			n++
		}
	}
	return n
}
