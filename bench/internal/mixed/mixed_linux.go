package mixed

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/threads"
)

func openMixed(locked, serial bool) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		dir, err := host.OnDisk()
		if err != nil {
			return nil, err
		}
		return &mixedArm{locked: locked, serial: serial, dir: dir, block: pattern(writeBytes)}, nil
	}
}

type mixedArm struct {
	locked, serial bool
	dir            string // on a disk
	block          []byte

	port      int
	writes    int
	factorial int64
	syncs     int // without an error
}

// A task is one of the set.
type task struct {
	waits bool // it waits most of its time
	do    func() error
}

// An ending is the state of the process when a task is over.
type ending struct {
	waits   bool
	at      time.Duration // since the tasks were released
	cpu     int64         // of the process since then, ns
	threads int           // of the process, by the kernel's count
	tid     int
	flight  int // tasks under way, this one included
}

// Measure does each kind of task alone, and then the set once.
func (a *mixedArm) Measure() (s lockstep.Slice, err error) {
	ctx := context.Background()
	server, err := arm.StartAside(ctx, downloadsOnly, nil)
	if err != nil {
		return s, err
	}
	defer server.Kill()
	at, err := server.Run(ctx, 1)
	if err != nil {
		return s, fmt.Errorf("server of downloads: %w", err)
	}
	a.port = int(at.Counts["port"])
	if s, err = a.sets(); err != nil {
		return s, err
	}
	at, err = server.Run(ctx, 1)
	if err != nil {
		return s, fmt.Errorf("server of downloads: %w", err)
	}
	if want := int64(2 * downloadBytes); at.Counts["served"] != want { // alone, and with the others
		return s, fmt.Errorf("expected %d bytes served, seen %d", want, at.Counts["served"])
	}
	if err := server.Close(ctx); err != nil {
		return s, fmt.Errorf("server of downloads: %w", err)
	}
	return s, nil
}

// sets has each kind of task done alone, and then the set.
func (a *mixedArm) sets() (s lockstep.Slice, err error) {
	allowed, err := lockstep.AllowedCPUs()
	if err != nil {
		return s, err
	}
	cpus := len(allowed)
	if err := a.calibrate(); err != nil {
		return s, err
	}
	downloads := []task{{true, func() error { return download(a.port, mixedEach, downloadBytes) }}}
	// Not the set's file: the set would have to empty it first.
	writesTo := func(name string) []task {
		return []task{{true, func() error { return a.write(name, func(done int) bool { return done < a.writes }) }}}
	}
	results := make([]*big.Int, cpus)
	var factorials []task
	for i := range cpus {
		factorials = append(factorials, task{false, func() error {
			results[i] = new(big.Int).MulRange(1, a.factorial)
			return nil
		}})
	}

	figures := map[string]float64{}
	longest := time.Duration(0)
	for _, kind := range []struct {
		unit  string
		tasks []task
	}{{"download-ns", downloads}, {"disk-ns", writesTo("alone")}, {"compute-ns", factorials}} {
		wall, endings, err := a.run(kind.tasks, false)
		if err != nil {
			return s, err
		}
		if !kind.tasks[0].waits {
			figures["alone-share"] = busyShare(endings, cpus)
		}
		figures[kind.unit] = float64(wall)
		longest = max(longest, wall)
	}
	a.syncs = 0
	clear(results)

	set := slices.Concat(downloads, writesTo("synced"), factorials)
	wall, endings, err := a.run(set, a.serial)
	if err != nil {
		return s, err
	}
	if err := a.prove(endings, results); err != nil {
		return s, err
	}
	// The CPUs' speed changes within tenths of a second, so measure it again.
	_, after, err := a.run(factorials, false)
	if err != nil {
		return s, err
	}
	figures["alone-share"] = (figures["alone-share"] + busyShare(after, cpus)) / 2
	figures["longest-x"] = float64(wall) / float64(longest)
	figures["busy-share"] = busyShare(endings, cpus)
	most := slices.MaxFunc(endings, func(a, b ending) int { return a.threads - b.threads })
	figures["threads"] = float64(most.threads)
	return lockstep.Slice{Ops: 1, Elapsed: wall, Counts: map[string]int64{"syncs": int64(a.syncs)}, Figures: figures}, nil
}

// busyShare returns the CPU time of the process over that of all its CPUs,
// while there was work for every CPU and other tasks, if there are any, waited.
// That ends when the first working task or the last waiting one is over.
func busyShare(endings []ending, cpus int) float64 {
	byTime := func(a, b ending) int { return cmp.Compare(a.at, b.at) }
	waits := slices.DeleteFunc(slices.Clone(endings), func(e ending) bool { return !e.waits })
	works := slices.DeleteFunc(slices.Clone(endings), func(e ending) bool { return e.waits })
	until := slices.MinFunc(works, byTime)
	if len(waits) > 0 {
		until = slices.MinFunc([]ending{until, slices.MaxFunc(waits, byTime)}, byTime)
	}
	return float64(until.cpu) / float64(until.at) / float64(cpus)
}

// run does the tasks, each in a goroutine of its own or one after the other in
// one, and returns the time since their release.
func (a *mixedArm) run(tasks []task, serial bool) (time.Duration, []ending, error) {
	var (
		began   time.Time
		cpu     int64
		mu      sync.Mutex
		endings []ending
		failed  error
		flight  atomic.Int64
		over    sync.WaitGroup
		ready   sync.WaitGroup
	)
	one := func(t task) {
		err := t.do()
		e := ending{waits: t.waits, cpu: host.CpuTime() - cpu}
		e.at, e.tid = time.Since(began), threads.TID() // after the CPU time, whose reading is exact at its end
		e.flight = int(flight.Add(-1)) + 1
		alive, counted := host.KernelThreads()
		e.threads = alive
		mu.Lock()
		defer mu.Unlock()
		endings, failed = append(endings, e), errors.Join(failed, err, counted)
	}
	groups := [][]task{tasks}
	if !serial {
		groups = nil
		for _, t := range tasks {
			groups = append(groups, []task{t})
		}
	}
	release := make(chan struct{})
	for _, group := range groups {
		over.Add(1)
		ready.Add(1)
		go func() {
			defer over.Done()
			if a.locked {
				// Unlock at the end: the server dies with the thread that
				// started it, which may be this one.
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			// A task counts as under way as soon as only the release holds it
			// back. Whether it gets a CPU before another task is over is up to
			// the scheduler; busy-share shows it.
			flight.Add(1)
			ready.Done()
			<-release
			for i, t := range group {
				if i > 0 {
					flight.Add(1)
				}
				one(t)
			}
		}()
	}
	ready.Wait()
	cpu, began = host.CpuTime(), time.Now()
	close(release)
	over.Wait()
	return time.Since(began), endings, failed
}

// prove compares what the tasks have done with what they should have done.
func (a *mixedArm) prove(endings []ending, results []*big.Int) error {
	want := 2 + len(results)
	if len(endings) != want {
		return fmt.Errorf("expected the end of %d tasks, seen %d", want, len(endings))
	}
	var ids []int
	atOnce, most := want, 0
	if a.serial {
		atOnce = 1
	}
	for _, e := range endings {
		ids = append(ids, e.tid)
		most = max(most, e.flight)
	}
	if most != atOnce {
		return fmt.Errorf("expected %d of %d tasks under way at once, seen %d", atOnce, want, most)
	}
	if got := arm.Distinct(ids); a.locked && !a.serial && got != int64(want) {
		return fmt.Errorf("expected a thread for each of %d locked tasks, seen %d", want, got)
	}
	if a.syncs != a.writes {
		return fmt.Errorf("expected %d writes to be synced, seen %d", a.writes, a.syncs)
	}
	if err := a.readBack("synced", a.writes); err != nil {
		return err
	}
	return factorialsRight(results, a.factorial)
}

// calibrate finds a factorial and a number of writes that take as long as the
// download.
func (a *mixedArm) calibrate() error {
	if host.CpuTime() < 0 {
		return host.ErrNoCPUTime
	}
	for n := int64(1000); ; n *= 2 {
		began := host.CpuTime() // not the clock: other processes may run
		new(big.Int).MulRange(1, n)
		if took := time.Duration(host.CpuTime() - began); took >= mixedEach/2 {
			// With Karatsuba's multiplication the time grows with n^1.6.
			a.factorial = max(1, int64(float64(n)*math.Pow(float64(mixedEach)/float64(took), 1/1.6)))
			break
		}
	}
	began := time.Now()
	return a.write("tried", func(done int) bool {
		a.writes = done
		return done == 0 || done < mostWrites && time.Since(began) < mixedEach
	})
}

// write writes blocks into a file and syncs it after each, while more says so
// of the number done.
func (a *mixedArm) write(name string, more func(done int) bool) error {
	f, err := os.Create(filepath.Join(a.dir, name))
	if err != nil {
		return fmt.Errorf("writing to the disk: %w", err)
	}
	for done := 0; more(done); done++ {
		if _, err = f.Write(a.block); err == nil {
			err = f.Sync()
		}
		if err != nil {
			break
		}
		a.syncs++
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing to the disk: %w", err)
	}
	return nil
}

// readBack returns an error unless the file holds that many blocks.
func (a *mixedArm) readBack(name string, blocks int) error {
	f, err := os.Open(filepath.Join(a.dir, name))
	if err != nil {
		return fmt.Errorf("reading back what was written: %w", err)
	}
	defer f.Close()
	b := make([]byte, writeBytes)
	for i := range blocks {
		if _, err := io.ReadFull(f, b); err != nil {
			return fmt.Errorf("reading back block %d of %d: %w", i+1, blocks, err)
		}
		if !bytes.Equal(b, a.block) {
			return fmt.Errorf("expected block %d of %d to read back as written, seen another", i+1, blocks)
		}
	}
	if n, err := f.Read(b); n != 0 || err != io.EOF {
		return fmt.Errorf("expected %d blocks on the disk, seen more: %d bytes, %v", blocks, n, err)
	}
	return nil
}

// mersenne is a prime.
const mersenne = 1<<61 - 1

// factorialsRight returns an error unless each result is n!, modulo a prime.
func factorialsRight(results []*big.Int, n int64) error {
	want := uint64(1)
	for k := uint64(2); k <= uint64(n); k++ {
		high, low := bits.Mul64(want, k)
		want = bits.Rem64(high, low, mersenne)
	}
	for i, r := range results {
		if r == nil {
			return fmt.Errorf("expected the factorial of %d, number %d of %d; seen none", n, i+1, len(results))
		}
		if got := new(big.Int).Mod(r, big.NewInt(mersenne)).Uint64(); got != want {
			return fmt.Errorf("expected the factorial of %d to be %d modulo %d, seen %d", n, want, int64(mersenne), got)
		}
	}
	return nil
}

// Close removes the files.
func (a *mixedArm) Close() error { return os.RemoveAll(a.dir) }
