package gate

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// These variables make the test binary a process of a test.
const (
	runVariable     = "THREADBENCH_TEST_GATE"    // the gate command
	goVariable      = "THREADBENCH_TEST_GO"      // the go command that the stand-in calls
	logVariable     = "THREADBENCH_TEST_LOG"     // where the stand-in logs its requests, one a line
	versionVariable = "THREADBENCH_TEST_VERSION" // its version in go env -json
	oldVariable     = "THREADBENCH_TEST_OLD"     // if set, its linker doesn't know -randlayout
	cacheVariable   = "THREADBENCH_TEST_CACHE"   // if set, it builds a test binary of the same source once, and a seed only makes the file another one
	workerVariable  = "THREADBENCH_TEST_WORKER"  // what "go test -c ./bench" copies instead of building, by the side's name or "any"
)

func TestMain(m *testing.M) {
	runs = 2 * time.Millisecond
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "go" {
		os.Exit(standIn(os.Args[1:]))
	}
	if os.Getenv(runVariable) != "" {
		os.Exit(Run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// standIn is the go command with a few differences. It may be so old that it
// can't lay out functions at random, which saves links. And it may have a
// worker built already.
func standIn(args []string) int {
	if path := os.Getenv(logVariable); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Fprintln(f, strings.Join(args, " "))
		f.Close()
	}
	all := strings.Join(args, " ")
	if all == "tool link -help" && os.Getenv(oldVariable) != "" {
		fmt.Fprintln(os.Stderr, "usage: link [options] main.o")
		return 2
	}
	if len(args) > 4 && strings.HasPrefix(all, "test -c -o ") {
		if worker := os.Getenv(workerVariable); worker != "" {
			if other := os.Getenv(workerVariable + "_BASE"); other != "" && strings.Contains(filepath.Base(args[3]), "base") {
				worker = other
			}
			return exitCode(seeded(args, worker))
		}
		if dir := os.Getenv(cacheVariable); dir != "" {
			return exitCode(cached(args, dir))
		}
	}
	if version := os.Getenv(versionVariable); version != "" && all == "env -json" {
		cmd := exec.Command(os.Getenv(goVariable), args...)
		text, err := cmd.Output()
		fmt.Print(regexp.MustCompile(`"GOVERSION": "[^"]*"`).ReplaceAllString(string(text), `"GOVERSION": "`+version+`"`))
		return exitCode(err)
	}
	return real(args...)
}

// seeded answers a build with a copy. A seed makes the copy another file.
func seeded(args []string, program string) error {
	if err := copyFile(args[3], program); err != nil {
		return err
	}
	if _, seed, ok := strings.Cut(strings.Join(args, " "), "-randlayout="); ok {
		return appendTo(args[3], seed)
	}
	return nil
}

// cached answers a build with an earlier build of the same source.
func cached(args []string, dir string) error {
	h := sha256.New()
	err := filepath.WalkDir(".", func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.Contains(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(h, "%s %d %s", path, len(text), text)
		return err
	})
	if err != nil {
		return err
	}
	source := fmt.Sprintf("%x", h.Sum(nil))
	into := args[3]
	for i := 4; i < len(args); i++ {
		pkg := args[i]
		if strings.HasPrefix(pkg, "-") {
			continue
		}
		path := filepath.Join(dir, source+strings.ReplaceAll(pkg, "/", "-"))
		if _, err := os.Stat(path); err != nil {
			if code := real("test", "-c", "-o", path, "-vet=off", pkg); code != 0 {
				return errors.New("not built")
			}
		}
		if strings.HasSuffix(into, string(filepath.Separator)) {
			args[3] = filepath.Join(into, binary(pkg))
		}
		if err := seeded(args, path); err != nil {
			return err
		}
	}
	return nil
}

func real(args ...string) int {
	cmd := exec.Command(os.Getenv(goVariable), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		return exitCode(err)
	}
	return 0
}

func exitCode(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o755)
}

// built is built once for all tests: a folder with this binary as gate and, as
// the stand-in, bin/go.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func tools(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		self, err := os.Executable()
		if err == nil {
			built.dir, err = os.MkdirTemp("", "gate-test-")
		}
		if err == nil {
			suffix := ""
			if strings.HasSuffix(self, ".exe") {
				suffix = ".exe"
			}
			err = errors.Join(copyFile(filepath.Join(built.dir, "gate"+suffix), self), copyFile(filepath.Join(built.dir, "bin", "go"+suffix), self))
		}
		built.err = err
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir
}

// A session is where gates run: a folder for temporary files, empty at first;
// the stand-in for the go command; and a log of its requests.
type session struct {
	*testing.T
	temp, log string
	checks    bool // at the test's end, that it leaves nothing behind
}

// newSession makes gates whose builds are kept for the other tests.
func newSession(t *testing.T) *session {
	t.Helper()
	dir := tools(t)
	t.Setenv(cacheVariable, dir)
	program, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command: ", err)
	}
	s := &session{T: t, temp: filepath.Join(t.TempDir(), "temp"), log: filepath.Join(t.TempDir(), "log")}
	if err := os.Mkdir(s.temp, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(goVariable, program)
	t.Setenv(logVariable, s.log)
	t.Setenv("PATH", filepath.Join(dir, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"))
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(variable, s.temp)
	}
	return s
}

// old makes the linker an old one, without -randlayout.
func (s *session) old() *session {
	s.Setenv(oldVariable, "1")
	return s
}

// asked is how many of the stand-in's requests contain the text.
func (s *session) asked(text string) int {
	log, err := os.ReadFile(s.log)
	if err != nil {
		s.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// gate runs the command in the folder and checks that it leaves nothing behind.
func (s *session) gate(dir string, args ...string) (code int, stdout, stderr string) {
	s.Helper()
	s.Chdir(dir)
	var out, errs bytes.Buffer
	code = Run(args, &out, &errs)
	s.clean(dir)
	return code, out.String(), errs.String()
}

// clean fails if a temporary folder or a worktree is left.
func (s *session) clean(dir string) {
	s.Helper()
	left, err := os.ReadDir(s.temp)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range left {
		s.Errorf("left behind: %s", e.Name())
	}
	info, err := os.Stat(filepath.Join(dir, ".git"))
	if err != nil {
		return
	}
	if list := gitIn(s.T, dir, "worktree", "list"); strings.Contains(list, s.temp) {
		s.Errorf("worktrees are left:\n%s", list)
	}
	if !info.IsDir() {
		return // a worktree itself, whose repository others use
	}
	if prune := gitIn(s.T, dir, "worktree", "prune", "--dry-run", "--verbose"); prune != "" {
		s.Errorf("git would prune: %s", prune)
	}
}

// expect runs a gate. It must end with that exit code and print the words on
// standard output or error.
func (s *session) expect(want int, dir string, args []string, words ...string) (stdout, stderr string) {
	s.Helper()
	code, stdout, stderr := s.gate(dir, args...)
	if code != want {
		s.Errorf("gate %q answers %d, want %d:\n%s%s", args, code, want, stdout, stderr)
	}
	for _, w := range words {
		if !strings.Contains(stdout+stderr, w) {
			s.Errorf("gate %q does not say %q:\n%s%s", args, w, stdout, stderr)
		}
	}
	return stdout, stderr
}

func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(gitEnviron(os.Environ()), // a hook's environment would make it commit to the hook's repository
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, text)
	}
	return strings.TrimSpace(string(text))
}

// A module is a git repository with a Go module of one package, work.
type module struct {
	t   *testing.T
	dir string
}

func newModule(t *testing.T) *module {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	m := &module{t, filepath.Join(t.TempDir(), "module")}
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	gitIn(t, m.dir, "init", "--quiet")
	m.write("go.mod", "module example.com/steps\n\ngo 1.26\n")
	return m
}

func (m *module) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// edit replaces something in a file once.
func (m *module) edit(name, old, by string) {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(name, strings.Replace(string(text), old, by, 1))
}

// commit commits all files and tags the commit.
func (m *module) commit(tag string) {
	m.t.Helper()
	gitIn(m.t, m.dir, "add", "-A")
	gitIn(m.t, m.dir, "commit", "--quiet", "--allow-empty", "-m", tag)
	gitIn(m.t, m.dir, "tag", tag)
}

// steps is a benchmark whose op takes that many steps and counts them.
func steps(n int) string {
	return fmt.Sprintf(`package work

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	fmt.Println("Unit steps/op better=lower assume=exact")
	os.Exit(m.Run())
}

var sink uint64

func BenchmarkSteps(b *testing.B) {
	b.Run("kind=add/to=sink", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			for k := uint64(0); k < %d; k++ {
				sink += k ^ sink
			}
		}
		b.ReportMetric(%[1]d, "steps/op")
	})
}
`, n)
}
