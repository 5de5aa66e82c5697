package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// These variables make the test binary a process of a test.
const (
	belowVariable  = "THREADBENCH_TEST_BELOW"  // a process of a test, whatever else it is
	runVariable    = "THREADBENCH_TEST_RUN"    // the run command, after preparing itself so: see prepare
	faultVariable  = "THREADBENCH_TEST_FAULTS" // a worker that fails so: see fail
	workerVariable = "THREADBENCH_TEST_WORKER" // the worker that the stand-in for the go command has built
	realVariable   = "THREADBENCH_TEST_REAL"   // the real worker behind a failing one, if there is one
	rootVariable   = "THREADBENCH_TEST_ROOT"   // the module that it finds
)

func TestMain(m *testing.M) {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "go" {
		os.Exit(standIn(os.Args[1:]))
	}
	if faults, ok := os.LookupEnv(faultVariable); ok && os.Getenv("THREADBENCH_WORKER") != "" {
		os.Exit(fail(faults))
	}
	if how, ok := os.LookupEnv(runVariable); ok {
		// What it starts is no run: one would start the next.
		os.Unsetenv(runVariable)
		prepare(how)
		os.Exit(Run("", os.Args[1:], os.Stdout, os.Stderr))
	}
	if os.Getenv(belowVariable) != "" {
		// It must not run the tests, which would start more processes.
		fmt.Fprintln(os.Stderr, "a process of a test's, which was not told what to be")
		os.Exit(97)
	}
	os.Setenv(belowVariable, "1")
	// A process under the race detector would sleep for a second as it exits.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// standIn is the go command of most tests. It finds the given module and has
// built its worker already.
func standIn(args []string) int {
	switch {
	case len(args) > 1 && args[0] == "list" && args[1] == "-m":
		fmt.Println("threadbench", os.Getenv(rootVariable))
		return 0
	case len(args) > 3 && args[0] == "test" && args[1] == "-c" && args[2] == "-o":
		err := copyFile(args[3], os.Getenv(workerVariable))
		if real := os.Getenv(realVariable); real != "" && err == nil {
			err = copyFile(filepath.Join(filepath.Dir(args[3]), "real"), real)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	fmt.Fprintf(os.Stderr, "go: no such order: %q\n", args)
	return 2
}

func copyFile(to, from string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}

// built is built once for all tests: a folder that any user may enter, with the
// stand-in as bin/go, the worker, and this binary as run.
var built struct {
	once sync.Once
	dir  string
	err  error
}

// tools is the folder with what the tests have built.
func tools(t *testing.T) string {
	t.Helper()
	built.once.Do(func() { built.dir, built.err = buildTools() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir
}

func buildTools() (dir string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp("", "suite-test-"); err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return dir, err
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		return dir, err
	}
	suffix := filepath.Ext(self)
	if suffix != ".exe" {
		suffix = ""
	}
	for _, name := range []string{"run", "bin/go"} {
		if err := copyFile(filepath.Join(dir, name+suffix), self); err != nil {
			return dir, err
		}
	}
	if text, err := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "worker"), "threadbench/bench").CombinedOutput(); err != nil {
		return dir, fmt.Errorf("building the worker: %w: %s", err, text)
	}
	return dir, nil
}

// withStandIn gives this process, and those that it starts, the stand-in for
// the go command, an empty folder for temporary files, and an empty module.
func withStandIn(t *testing.T) (temp, root string) {
	t.Helper()
	dir := tools(t)
	temp, root = t.TempDir(), t.TempDir()
	t.Setenv("PATH", filepath.Join(dir, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv(workerVariable, filepath.Join(dir, "worker"))
	t.Setenv(rootVariable, root)
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(variable, temp)
	}
	return temp, root
}

// call is the run command in this process. It must not get as far as measuring:
// this process would be kept off a CPU for good.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Run("", args, &out, &errs)
	return code, out.String(), errs.String()
}
