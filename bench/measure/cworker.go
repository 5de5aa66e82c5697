package measure

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"threadbench/bench/internal/host"
)

// Tags are the build tags of this binary, for its workers to be built with, ""
// for none.
var Tags = map[bool]string{true: "pthread"}[WithPthread]

// CWorker is the package of the worker of impl=pthread.
const CWorker = "threadbench/bench/pthread"

// LibraryOnly is the name of a case for which the worker of impl=pthread prints
// its C library, and measures nothing.
const LibraryOnly = "library"

// CLibrary asks the program's worker of impl=pthread for its C library.
func CLibrary(program string) (string, error) {
	path, err := CProgram(program)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(path)
	cmd.Env = Environ(os.Environ(), WorkerVariable+"="+LibraryOnly)
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("asking the worker of C threads for its library: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// cBuilt is the error of each worker's build, by its path.
var cBuilt = struct {
	sync.Mutex
	err map[string]error
}{err: map[string]error{}}

// CProgram returns the path of the worker of impl=pthread beside program, the
// bench test binary. It builds the worker unless there is one no older than
// program.
func CProgram(program string) (string, error) {
	path := program + ".pthread"
	cBuilt.Lock()
	defer cBuilt.Unlock()
	err, known := cBuilt.err[path]
	if !known {
		if !Newer(path, program) {
			err = BuildC(path)
		}
		if err == nil {
			err = BuiltWithCgo(path)
		}
		cBuilt.err[path] = err
	}
	return path, err
}

// Newer reports whether the file exists and is no older than the other.
func Newer(path, than string) bool {
	a, err := os.Stat(path)
	b, err2 := os.Stat(than)
	return err == nil && err2 == nil && !a.ModTime().Before(b.ModTime())
}

// BuildC builds the worker under another name and renames it: a process may be
// running the old one.
func BuildC(path string) error {
	const hint = "this needs a C compiler (on Debian: apt-get install gcc libc6-dev) and a folder in the module; otherwise leave out -tags pthread"
	dir, err := os.MkdirTemp(filepath.Dir(path), "threadbench-build-")
	if err != nil {
		return fmt.Errorf("building the worker of C threads: %w", err)
	}
	defer os.RemoveAll(dir)
	built := filepath.Join(dir, "worker")
	cmd := exec.Command("go", "build", "-tags", "pthread", "-o", built, CWorker)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOTMPDIR="+dir)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the worker of C threads: %s: %w: %s; %s", strings.Join(cmd.Args, " "), err, strings.Join(strings.Fields(string(text)), " "), hint)
	}
	if err := os.Rename(built, path); err != nil {
		return fmt.Errorf("building the worker of C threads: %w", err)
	}
	return nil
}

// BuiltWithCgo returns an error unless the program at path is the worker of
// impl=pthread, built with cgo, by what the go command left in it.
func BuiltWithCgo(path string) error {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return fmt.Errorf("finding out how %s was built: %w", path, err)
	}
	settings := host.Build{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if info.Path != CWorker || settings["CGO_ENABLED"] != "1" {
		return errors.New("the worker of C threads, " + path + ", was built from " + info.Path + " with CGO_ENABLED=" + settings["CGO_ENABLED"] + ": remove that file")
	}
	return nil
}
