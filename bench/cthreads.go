package bench

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"threadbench/threads"
)

// impl=pthread: what a C program pays, by pthread_create(3) with the default
// attributes and by libc's own read, write, syscall and sched_yield. Its cases
// stand in the tables if the suite is built with -tags pthread. It takes cgo,
// and with cgo the runtime makes its own threads through the C library: so
// these cases have a worker of their own, package bench/pthread, which is built
// when the first of them is asked for, beside the bench test binary.

// Tags are the build tags that this binary was built with and its workers are
// to be built with, "" for none.
var Tags = map[bool]string{true: "pthread"}[withPthread]

// cWorker is the package whose program is the worker of impl=pthread.
const cWorker = "threadbench/bench/pthread"

// CThreads makes the tasks of impl=pthread.
type CThreads struct {
	NewPair    func(op threads.Op) (Driver, error)
	NewCreator func(batch int) (Driver, error)
	NewHerd    func(n, depth int, least bool) (Herd, error) // at most n threads, on the least stack or by default attributes
	Alive      func() int                                   // threads started and not joined
	Library    func() string                                // the C library and its version: "glibc-2.36"
}

// A Driver is two threads that hand the turn to each other, or one that makes
// threads: *threads.Driver.
type Driver interface {
	Run(n, warm int) (threads.Timing, error)
	Pin(driver, peer int) error
	Hold()
	Close() error
}

// A Herd is tasks that park until they are released: *threads.Herd.
type Herd interface {
	parkedHerd
	TIDs() []int
}

// cThreads is set in the worker of impl=pthread, and nowhere else.
var cThreads *CThreads

// WorkWith is the life of the worker that makes such threads; it answers the
// process's exit code.
func WorkWith(c CThreads) int {
	cThreads = &c
	if os.Getenv(workerVariable) != libraryOnly {
		return Work()
	}
	if err := cLinked(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(c.Library())
	return 0
}

// cLinked is an error unless this process has what makes C threads, with cgo.
func cLinked() error {
	if got := cgo(); cThreads == nil || got != "linked" {
		return fmt.Errorf("opening C threads: they need the worker of package %s with cgo linked; in this one cgo is %s", cWorker, got)
	}
	return nil
}

func cPair(op threads.Op) (Driver, error) {
	if err := cLinked(); err != nil {
		return nil, err
	}
	return cThreads.NewPair(op)
}

func cCreator(batch int) (Driver, error) {
	if err := cLinked(); err != nil {
		return nil, err
	}
	return cThreads.NewCreator(batch)
}

// cHerd is C threads on the least stack, or with the default attributes.
func cHerd(least bool) newHerd {
	return func(n, depth int, stack int) (census, error) {
		if err := cLinked(); err != nil {
			return census{}, err
		}
		h, err := cThreads.NewHerd(n, depth, least)
		if err != nil {
			return census{}, err
		}
		return census{h, h.TIDs}, nil
	}
}

// libraryOnly is the name of a case that makes the worker of impl=pthread name
// its C library, and measure nothing.
const libraryOnly = "library"

// cLibrary asks the worker of impl=pthread that belongs to the program.
func cLibrary(program string) (string, error) {
	path, err := cProgram(program)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(path)
	cmd.Env = Environ(os.Environ(), workerVariable+"="+libraryOnly)
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("asking the worker of C threads for its library: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// cBuilt is what became of the build of each worker by its path.
var cBuilt = struct {
	sync.Mutex
	err map[string]error
}{err: map[string]error{}}

// cProgram is the worker of impl=pthread beside the program, the bench test
// binary, built unless one is there that is as new.
func cProgram(program string) (string, error) {
	path := program + ".pthread"
	cBuilt.Lock()
	defer cBuilt.Unlock()
	err, known := cBuilt.err[path]
	if !known {
		if !newer(path, program) {
			err = buildC(path)
		}
		if err == nil {
			err = builtWithCgo(path)
		}
		cBuilt.err[path] = err
	}
	return path, err
}

// newer tells whether the file is there and no older than the other.
func newer(path, than string) bool {
	a, err := os.Stat(path)
	b, err2 := os.Stat(than)
	return err == nil && err2 == nil && !a.ModTime().Before(b.ModTime())
}

// buildC builds the worker under another name first: a process may run the one
// that is there.
func buildC(path string) error {
	const hint = "it takes a C compiler (on Debian: apt-get install gcc libc6-dev) and a folder in the module; else leave -tags pthread out"
	dir, err := os.MkdirTemp(filepath.Dir(path), "threadbench-build-")
	if err != nil {
		return fmt.Errorf("building the worker of C threads: %w", err)
	}
	defer os.RemoveAll(dir)
	built := filepath.Join(dir, "worker")
	cmd := exec.Command("go", "build", "-tags", "pthread", "-o", built, cWorker)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOTMPDIR="+dir)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the worker of C threads: %s: %w: %s; %s", strings.Join(cmd.Args, " "), err, strings.Join(strings.Fields(string(text)), " "), hint)
	}
	if err := os.Rename(built, path); err != nil {
		return fmt.Errorf("building the worker of C threads: %w", err)
	}
	return nil
}

// builtWithCgo is an error unless the program at path is the worker of
// impl=pthread, built with cgo, by what the go command left in it.
func builtWithCgo(path string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return fmt.Errorf("looking how %s was built: %w", path, err)
	}
	settings := build{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if info.Path != cWorker || settings["CGO_ENABLED"] != "1" {
		return errors.New("the worker of C threads, " + path + ", was built from " + info.Path + " with CGO_ENABLED=" + settings["CGO_ENABLED"] + ": remove it")
	}
	return nil
}
