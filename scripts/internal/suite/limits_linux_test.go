package suite

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"threadbench/scripts/internal/results"
	"threadbench/threads/cgroup"
)

// skipped are the reasons of the rows that were left out, by name.
func skipped(f *results.File) map[string]string {
	reasons := map[string]string{}
	for _, n := range f.Notes {
		if n.Kind == "skip" {
			reasons[n.FullName] = n.Reason
		}
	}
	return reasons
}

// TestFewThreads runs under a limit on threads. Rows that don't fit are left
// out and say what to raise; the others are measured.
func TestFewThreads(t *testing.T) {
	const most = 64
	check := func(s *session, cmd *exec.Cmd, path, limit string, measured ...string) {
		s.Helper()
		stdout, _ := s.succeed(cmd)
		f := s.read(path, 1)
		out := skipped(f)
		for _, n := range f.Notes {
			if n.Kind == "failed" {
				s.Errorf("%s failed: %s", n.FullName, n.Reason)
			}
		}
		for _, name := range []string{
			"Create/impl=clone/mode=burst",
			"Create/impl=locked/mode=cold", "Create/impl=clone/mode=cold",
			"Create/impl=locked/mode=start", "Create/impl=clone/mode=start",
			"Stack/impl=locked/depth=0", "Stack/impl=clone/stack=least/depth=0",
		} {
			want := regexp.MustCompile(`^` + regexp.QuoteMeta(limit) + ` \d+ \(.*\d+ in use\): \d+ threads wanted, \d+ can be made; raise it: `)
			if !want.MatchString(out[name]) {
				s.Errorf("%s: left out for %q, want %v", name, out[name], want)
			}
			if !strings.Contains(unwrapped(stdout), "left out: Benchmark"+name+": "+limit) {
				s.Errorf("the table does not say that %s is left out", name)
			}
		}
		for _, name := range append(measured, "Create/impl=goroutine/mode=reused", "Create/impl=clone/mode=reused", "Create/impl=goroutine/mode=cold") {
			if f.Row(name) == nil {
				s.Errorf("%s was not measured: %s", name, out[name])
			}
		}
	}
	t.Run("pids.max", func(t *testing.T) {
		s := newSession(t)
		dirs, err := cgroup.Paths("pids")
		if err != nil || len(dirs) == 0 {
			t.Skipf("needs a pids cgroup: %v", err)
		}
		group := filepath.Join(dirs[0], "threadbench-test-"+strconv.Itoa(os.Getpid()))
		if err := os.Mkdir(group, 0o755); err != nil {
			t.Skipf("needs to make a pids cgroup: %v", err)
		}
		t.Cleanup(func() {
			s.eventually("the group is empty", func() bool { return os.Remove(group) == nil })
		})
		limit, err := os.OpenFile(filepath.Join(group, "pids.max"), os.O_WRONLY, 0)
		if err == nil {
			_, err = limit.WriteString(strconv.Itoa(most))
			err = errors.Join(err, limit.Close())
		}
		if err != nil {
			t.Skipf("needs to limit a pids cgroup: %v", err)
		}
		path := filepath.Join(s.dir, "o.txt")
		check(s, s.run("cgroup="+group, "-profile", "full", "-bench", "Create/impl=[a-z]*/mode=(reused|inplace|burst|cold|start)|Stack/.*/depth=0", "-rounds", "1", "-o", path), path, "pids.max", "Stack/impl=goroutine/depth=0")
	})

	t.Run("RLIMIT_NPROC", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("needs root, to become another user")
		}
		s := newSession(t)
		// A user of the test's own: the limit counts all threads of a user.
		id := uint32(1_000_000 + os.Getpid())
		for _, dir := range []string{s.temp, s.root, s.dir} {
			if err := os.Chown(dir, int(id), int(id)); err != nil {
				t.Fatal(err)
			}
			// The test's own folders, up to that of all temporary files.
			for dir != os.TempDir() && strings.Contains(dir, "Test") {
				if err := os.Chmod(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				dir = filepath.Dir(dir)
			}
		}
		path := filepath.Join(s.dir, "o.txt")
		cmd := s.run("nproc="+strconv.Itoa(most), "-profile", "full", "-bench", "Create/impl=[a-z]*/mode=(reused|inplace|burst|cold|start)|Stack/impl=(locked|clone).*/depth=0", "-rounds", "1", "-o", path)
		cmd.Dir = s.root
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: id, Gid: id}
		check(s, cmd, path, "RLIMIT_NPROC")
	})
}

// TestOneCPU runs with one CPU. Rows that need two are left out, whether they
// are some of the chosen rows or all.
func TestOneCPU(t *testing.T) {
	cpu := strconv.Itoa(site(t).CPU)
	const reason = "1 CPU allowed, 2 wanted; raise the affinity mask or the cpuset of this process"
	for cases, rows := range map[string][]string{
		"Switch/impl=clone/via=futex": {"Switch/impl=clone/via=futex/place=same", "Switch/impl=clone/via=futex/place=free"},
		"Switch/.*/place=cross":       nil,
	} {
		t.Run(strings.ReplaceAll(cases, "/", " "), func(t *testing.T) {
			s := newSession(t)
			path := filepath.Join(s.dir, "o.txt")
			stdout, _ := s.succeed(s.run("cpu="+cpu, "-profile", "full", "-bench", cases, "-rounds", "1", "-o", path))
			f := s.read(path, 1)
			if !slices.Equal(names(f), rows) {
				t.Errorf("rows %v, want %v", names(f), rows)
			}
			var crossing int
			for name, why := range skipped(f) {
				if !strings.HasSuffix(name, "/place=cross") || why != reason {
					t.Errorf("%s is left out for %q", name, why)
				}
				crossing++
			}
			if crossing == 0 || !strings.Contains(unwrapped(stdout), reason) {
				t.Errorf("%d rows are left out, and the table says:\n%s", crossing, stdout)
			}
		})
	}
}
