package turns

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// These variables make the test binary a process of a test.
const (
	standInVariable = "THREADBENCH_TEST_TURNS"       // if set, its benchmarks do something
	logVariable     = "THREADBENCH_TEST_TURNS_LOG"   // the folder where its processes write files, named by their ids
	failVariable    = "THREADBENCH_TEST_TURNS_FAIL"  // if set, BenchmarkLoop fails
	roundVariable   = "THREADBENCH_TEST_TURNS_ROUND" // it measures this benchmark of itself for ever
	childVariable   = "THREADBENCH_TEST_TURNS_CHILD" // "ends" or "stays": it does only that
)

func TestMain(m *testing.M) {
	if child := os.Getenv(childVariable); child != "" {
		logged()
		for child == "stays" {
			time.Sleep(time.Second)
		}
		os.Exit(0)
	}
	if name := os.Getenv(roundVariable); name != "" {
		os.Unsetenv(roundVariable)
		p := Program{Path: os.Args[0], Env: os.Environ()}
		_, err := Round(context.Background(), []Program{p, p}, []int{0, 1}, Spec{Name: name, N: 1_000_000_000, CPU: -1, Procs: 1, Turn: time.Millisecond})
		fmt.Println(err)
		os.Exit(0)
	}
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	os.Exit(m.Run())
}

// standIn is this test binary as the measured program.
func standIn(t *testing.T, env ...string) Program {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Program{Path: path, Dir: t.TempDir(), Env: append(append(os.Environ(), standInVariable+"=1"), env...)}
}

// logged writes a file of this process, which shows that the process was there.
func logged() *os.File {
	dir := os.Getenv(logVariable)
	if dir == "" {
		dir = os.TempDir()
	}
	f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(os.Getpid())), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	return f
}

// onlyStandIn skips a benchmark that only the measured program should run.
func onlyStandIn(b *testing.B) {
	b.Helper()
	if os.Getenv(standInVariable) == "" {
		b.Skip("a stand-in, which tests measure")
	}
}

var sink float64

func work() {
	for i := range 2000 {
		sink += math.Sqrt(float64(i))
	}
}

func BenchmarkLoop(b *testing.B) {
	onlyStandIn(b)
	if os.Getenv(failVariable) != "" && b.N > 1 {
		b.Fatal("told to fail")
	}
	n := 0
	for range b.N {
		work()
		n++
	}
	b.ReportMetric(float64(n), "iterations")
}

func BenchmarkBLoop(b *testing.B) {
	onlyStandIn(b)
	n := 0
	for b.Loop() {
		work()
		n++
	}
	b.ReportMetric(float64(n), "iterations")
}

// BenchmarkDots prints without ends of lines.
func BenchmarkDots(b *testing.B) {
	onlyStandIn(b)
	for range b.N {
		work()
	}
	fmt.Print("..")
}

func BenchmarkPrints(b *testing.B) {
	onlyStandIn(b)
	for range b.N {
		work()
	}
	fmt.Println("BenchmarkPrints is through:      10 times")
	fmt.Fprintln(os.Stderr, "and complains")
	b.Log("and logs")
}

// BenchmarkForges prints lines that look like its result.
func BenchmarkForges(b *testing.B) {
	onlyStandIn(b)
	for range b.N {
		work()
	}
	fmt.Printf("%8d\t%10.0f ns/op\t%8d B/op\t%8d allocs/op\n", b.N, 1.0, 0, 0)
}

func BenchmarkNaN(b *testing.B) {
	onlyStandIn(b)
	for range b.N {
		work()
	}
	b.ReportMetric(math.NaN(), "frobs/op")
	b.ReportMetric(math.Inf(1), "knobs")
	b.ReportMetric(7, "nuts/op")
}

func BenchmarkSleeps(b *testing.B) {
	onlyStandIn(b)
	for range b.N {
		time.Sleep(time.Millisecond)
	}
}

func child(how string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+how)
	return cmd
}

func BenchmarkChild(b *testing.B) {
	onlyStandIn(b)
	for range b.N {
		if err := child("ends").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEndless starts a process and stays with it.
func BenchmarkEndless(b *testing.B) {
	onlyStandIn(b)
	if err := child("stays").Start(); err != nil {
		b.Fatal(err)
	}
	logged()
	for {
		work()
	}
}

// BenchmarkStamps records when it runs.
func BenchmarkStamps(b *testing.B) {
	onlyStandIn(b)
	f := logged()
	for range b.N {
		work()
		fmt.Fprintln(f, time.Now().UnixNano())
	}
}

func BenchmarkGroup(b *testing.B) {
	onlyStandIn(b)
	b.Run("route:/a", BenchmarkLoop)
	b.Run("route:/a/b", BenchmarkLoop)
	b.Run("same", BenchmarkLoop)
	b.Run("same", BenchmarkLoop)
	b.Run("skips", func(b *testing.B) { b.Skip("not here") })
	b.Run("fails", func(b *testing.B) { b.Fatal("not well") })
	b.Run("nan", BenchmarkNaN)
	b.Run("size-2", BenchmarkDots)
	b.Run("last", BenchmarkPrints)
}

func BenchmarkPanics(b *testing.B) {
	onlyStandIn(b)
	b.Run("first", BenchmarkLoop)
	b.Run("second", func(b *testing.B) { panic("at the disco") })
}

func BenchmarkSkips(b *testing.B) { b.Skip("never") }

// BenchmarkLeaves ends the process in the middle.
func BenchmarkLeaves(b *testing.B) {
	onlyStandIn(b)
	b.Run("here", BenchmarkLoop)
	b.Run("there", func(b *testing.B) { os.Exit(0) })
}
