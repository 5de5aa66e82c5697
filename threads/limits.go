package threads

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
)

// spare is how many threads a limit is left with, over one for each P, once
// all that Headroom allows are made. The Go runtime dies if it is refused a
// thread of its own, and it makes them when it likes: sysmon, the template
// thread, the one that takes signals, one for each system call in progress.
// One for each P is added since a collection may wake all of them at once.
const spare = 16

// A Need says what a set of threads wants. No field may be negative.
//
// Most limits are shared with other processes, so a worker process counts
// before it is started: ask for its n threads and the ten or so that its own
// runtime makes, with MapsPerThread 0 and Runtime false, since memory maps
// and SetMaxThreads are counted by process, and let the worker ask again.
type Need struct {
	Threads        int   // threads to make
	MapsPerThread  int   // memory maps that each takes: 2 with a guard page made by mprotect, else 1; 0 leaves vm.max_map_count out
	BytesPerThread int64 // memory, user and kernel together, that each will keep; 0 leaves the memory limits out
	SpacePerThread int64 // address space that each maps, touched or not: its stack and guard page; less than BytesPerThread stands for that, 0 of both leaves the limits of address space out
	Runtime        bool  // the Go runtime makes them (locked goroutines), so that SetMaxThreads binds too
}

// A Limit is one limit as the kernel or the Go runtime spells it: pids.max,
// RLIMIT_NPROC, kernel.pid_max, kernel.threads-max and SetMaxThreads in
// threads, vm.max_map_count in memory maps, and memory.max,
// memory.limit_in_bytes, MemAvailable, RLIMIT_AS and CommitLimit in bytes.
//
// Room is not all that is left: a few threads' worth stays free for the Go
// runtime, of memory another half, and of address space 128 MiB.
type Limit struct {
	Name   string
	Where  string // the file that it was read from, "" if none
	Value  int64  // in the limit's own unit
	Used   int64  // how much of Value is taken already; more than Value if the limit was lowered since
	Room   int64  // threads that can still be made under it, 0 or more
	Remedy string // the command or setting that makes it large enough for the Need it was looked up for
}

// A LimitError is a limit that has no room for all the threads wanted.
type LimitError struct {
	Limit  Limit
	Wanted int // threads
}

// Error names the limit, its value, what can be made under it and how to
// raise it.
func (e *LimitError) Error() string {
	l := e.Limit
	var at []string
	if l.Where != "" {
		at = append(at, l.Where)
	}
	if l.Used != 0 {
		at = append(at, fmt.Sprintf("%d in use", l.Used))
	}
	var where string
	if len(at) > 0 {
		where = " (" + strings.Join(at, ", ") + ")"
	}
	return fmt.Sprintf("%s %d%s: %d threads wanted, %d can be made; raise it: %s",
		l.Name, l.Value, where, e.Wanted, l.Room, l.Remedy)
}

// Limits is every limit that binds this process, the one with the least room
// first. What is unlimited is left out, and so is what this process may not
// read or the system does not have. On systems other than Linux only
// SetMaxThreads is known. No thread is made to find out.
//
// It is an error if a file of the kernel's does not hold what it should; the
// error names the file and what it holds. Limits panics if a field of need is
// negative. It must not run beside a call of debug.SetMaxThreads elsewhere in
// the program, which it could undo.
func Limits(need Need) ([]Limit, error) {
	if need.Threads < 0 || need.MapsPerThread < 0 || need.BytesPerThread < 0 || need.SpacePerThread < 0 {
		panic(fmt.Sprintf("threads: negative Need %+v", need))
	}
	all, err := systemLimits(need)
	if err != nil {
		return nil, fmt.Errorf("looking up the limits of threads: %w", err)
	}
	if need.Runtime {
		all = append(all, runtimeLimit(need))
	}
	slices.SortStableFunc(all, byRoom)
	return all, nil
}

// Headroom is how many of the threads wanted can be made, at most
// need.Threads, and the limit that says so, which is the zero Limit if all
// can be made. The count is true for the moment: other processes may take
// the room before it is used. Errors are those of [Limits].
func Headroom(need Need) (int, Limit, error) {
	all, err := Limits(need)
	if err != nil {
		return 0, Limit{}, err
	}
	n, limit := tightest(need, all)
	return n, limit, nil
}

// tightest picks the limit with the least room.
func tightest(need Need, all []Limit) (int, Limit) {
	if len(all) == 0 {
		return need.Threads, Limit{}
	}
	l := slices.MinFunc(all, byRoom)
	if l.Room >= int64(need.Threads) {
		return need.Threads, Limit{}
	}
	return int(l.Room), l
}

func byRoom(a, b Limit) int { return cmp.Compare(a.Room, b.Room) }

// reserve is the number of threads that every limit is left with.
func reserve() int64 { return spare + int64(runtime.GOMAXPROCS(0)) }

// fill works out the room and the remedy of a limit from its value and use.
// A thread takes each of the limit's units; raise is the format of the
// remedy, with one %d for the value that would do.
func (need Need) fill(l Limit, each int64, raise string) Limit {
	l.Room = max(0, (l.Value-l.Used)/each-reserve())
	enough := product(each, int64(need.Threads)+reserve()) + l.Used
	if enough < 0 {
		enough = math.MaxInt64
	}
	l.Remedy = fmt.Sprintf(raise, enough)
	return l
}

// product multiplies two numbers that are not negative, up to MaxInt64.
func product(a, b int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

// settingMaxThreads keeps two lookups from reading each other's setting.
var settingMaxThreads sync.Mutex

// runtimeLimit is debug.SetMaxThreads, 10,000 unless the program set it. The
// runtime tells the setting only to who changes it.
func runtimeLimit(need Need) Limit {
	settingMaxThreads.Lock()
	value := debug.SetMaxThreads(math.MaxInt32)
	debug.SetMaxThreads(value)
	settingMaxThreads.Unlock()

	owned := []metrics.Sample{{Name: "/sched/threads/total:threads"}}
	metrics.Read(owned)
	l := Limit{Name: "SetMaxThreads", Value: int64(value), Used: int64(owned[0].Value.Uint64())}
	return need.fill(l, 1, "debug.SetMaxThreads(%d)")
}
