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

// spare is the number of threads that every limit keeps free, beside one for
// each P, after all that Headroom allows are made. The Go runtime dies if it is
// refused a thread of its own, and it makes threads at any time: sysmon, the
// template thread, the thread that takes signals, one for each system call in
// progress. The one for each P is there because a garbage collection may wake
// all of them at once.
const spare = 16

// A Need describes a set of threads. No field may be negative.
//
// Other processes share most limits, so check before starting a worker process:
// ask for its n threads and about ten that its own runtime makes, with
// MapsPerThread 0 and Runtime false. Memory maps and SetMaxThreads are counted
// by process, so the worker asks again for those.
type Need struct {
	Threads        int   // threads to make
	MapsPerThread  int   // memory maps of each: 2 with a guard page made by mprotect, else 1; 0 leaves out vm.max_map_count
	BytesPerThread int64 // memory, user and kernel together, that each will keep; 0 leaves out the memory limits
	SpacePerThread int64 // address space that each maps, touched or not: stack and guard page; BytesPerThread counts if larger; 0 of both leaves out the limits of address space
	Runtime        bool  // the Go runtime makes them (locked goroutines), so SetMaxThreads binds too
}

// A Limit is one limit, named as the kernel or the Go runtime spells it:
//
//	threads      pids.max, RLIMIT_NPROC, kernel.pid_max, kernel.threads-max, SetMaxThreads
//	memory maps  vm.max_map_count
//	bytes        memory.max, memory.limit_in_bytes, MemAvailable, RLIMIT_AS, CommitLimit
//
// Room is less than what is left. A few threads' worth stays free for the Go
// runtime; so does half of the memory, and 128 MiB of address space.
type Limit struct {
	Name   string
	Where  string // the file that it was read from, "" if none
	Value  int64  // in the limit's own unit
	Used   int64  // part of Value in use; more than Value if the limit was lowered since
	Room   int64  // threads that can still be made under it, 0 or more
	Remedy string // the command or setting that makes it large enough for the Need
}

// A LimitError is a limit that has no room for all the threads wanted.
type LimitError struct {
	Limit  Limit
	Wanted int // threads
}

// Error gives the limit, its value, how many threads it allows and how to raise
// it.
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

// Limits returns every limit that binds this process, the one with the least
// room first. It leaves out what is unlimited, what this process may not read
// and what the system does not have. On systems other than Linux it knows only
// SetMaxThreads. It makes no thread.
//
// The error names a file of the kernel that does not hold what it should, and
// its content. Limits panics if a field of need is negative. It must not run at
// the same time as a call of debug.SetMaxThreads elsewhere in the program,
// which it could undo.
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

// Headroom returns how many of need.Threads can be made, and the limit that
// binds: the zero Limit if all can be made. The count holds for the moment:
// other processes may take the room before it is used. Errors are those of
// [Limits].
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

// reserve is the number of threads that every limit keeps free.
func reserve() int64 { return spare + int64(runtime.GOMAXPROCS(0)) }

// fill works out the room and the remedy of a limit from its value and use. A
// thread takes each of the limit's units. raise is the remedy's format, with
// one %d for the value that would do.
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

// settingMaxThreads keeps two look-ups from reading each other's setting.
var settingMaxThreads sync.Mutex

// runtimeLimit returns debug.SetMaxThreads, 10,000 unless the program set it.
// The runtime reports the setting only to a caller that changes it.
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
