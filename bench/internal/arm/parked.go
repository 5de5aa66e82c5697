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

// ToldThreads returns a *lockstep.Skip if the system doesn't tell a task which
// thread it runs on.
func ToldThreads() error {
	if threads.TID() < 0 {
		return lockstep.Skipf("%s does not tell a task its thread, so nothing would show that each task has its own", runtime.GOOS)
	}
	return nil
}

// ParkedTasks are tasks of any contender that park until they are released:
// *goroutines.Set and *threads.Set.
type ParkedTasks interface {
	Make(n int) error
	Wait()
	Release()
	Join()
}

// A Parked has parked tasks and their thread ids. Tids is nil if the tasks have no
// thread of their own.
type Parked struct {
	ParkedTasks
	Tids func() []int
}

// ParkedGoroutines prepares goroutines.
func ParkedGoroutines(n, depth int, stack int) (Parked, error) {
	return Parked{goroutines.NewSet(depth, nil), nil}, nil
}

// ParkedLocked prepares goroutines that each lock themselves to a thread, store
// its id, and exit locked.
func ParkedLocked(n, depth int, stack int) (Parked, error) {
	if err := ToldThreads(); err != nil {
		return Parked{}, err
	}
	in, tids := TidsOf(n)
	return Parked{goroutines.NewSet(depth, in), tids}, nil
}

// TidsOf returns a function for each of n tasks to call first, which locks the
// task to a thread and stores its id, and a function that returns the ids.
func TidsOf(n int) (in func(), tids func() []int) {
	all := make([]int, n)
	var next atomic.Int64
	return func() {
		runtime.LockOSThread()
		all[next.Add(1)-1] = threads.TID()
	}, func() []int { return all[:next.Load()] }
}

// ParkedClones prepares raw threads with that stack, or the least that depth
// needs.
func ParkedClones(n, depth int, stack int) (Parked, error) {
	h, err := threads.NewSet(max(stack, threads.LeastStack(depth)), depth)
	if err != nil {
		return Parked{}, SkipUnsupported(err)
	}
	return Parked{h, h.TIDs}, nil
}

// A NewParked prepares at most n tasks that go down their stacks by depth bytes.
// stack is the stack of a raw thread, 0 for the least.
type NewParked func(n, depth int, stack int) (Parked, error)

// TasksAlive returns the number of the program's goroutines and of raw threads.
func TasksAlive() int {
	raw, _ := threads.Alive()
	return runtime.NumGoroutine() + raw
}

// Settled returns TasksAlive, counted for up to a second until it is want: the
// goroutine that runs finalizers and cleanups counts while it runs one.
func Settled(want int) (alive int) {
	for range 1000 {
		if alive = TasksAlive(); alive == want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return alive
}

// Distinct returns how many different tids there are.
func Distinct(tids []int) int64 {
	s := slices.Sorted(slices.Values(tids))
	return int64(len(slices.Compact(s)))
}

// Begun returns how many tasks have stored a thread id.
func Begun(tids []int) (n int64) {
	for _, tid := range tids {
		if tid != 0 {
			n++
		}
	}
	return n
}
