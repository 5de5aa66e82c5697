package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"threadbench/scripts/internal/results"
)

// begin starts a run of so many rounds and waits until the first stands in
// the file.
func (s *session) begin(path string, rounds int, more ...string) *exec.Cmd {
	s.Helper()
	cmd := s.run("", append([]string{"-bench", nojoin, "-rounds", strconv.Itoa(rounds), "-o", path}, more...)...)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.eventually("a round is written", func() bool {
		text, _ := os.ReadFile(path)
		return bytes.Contains(text, []byte("\n# end round 1\n"))
	})
	return cmd
}

// TestOutputTaken removes a run's results file, moves it away, or puts another
// in its place, as the run goes on: it has all its rounds in a file that it
// names, and leaves alone what isn't its own.
func TestOutputTaken(t *testing.T) {
	const rounds = 1000 // more than it comes to
	for _, test := range []struct {
		name string
		take func(path string) error
		to   string // where the rounds are at last
		kept map[string]string
	}{
		{"removed", os.Remove, "o.txt", nil},
		{"removed with its folder", func(path string) error { return os.RemoveAll(filepath.Dir(path)) }, "o.txt", nil},
		{"moved", func(path string) error { return os.Rename(path, path+".old") }, "o.txt", nil},
		{"replaced", func(path string) error {
			if err := os.WriteFile(path+".new", []byte("mine\n"), 0o644); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, "o-2.txt", map[string]string{"o.txt": "mine\n"}},
		{"replaced by a folder", func(path string) error {
			return errors.Join(os.WriteFile(filepath.Join(filepath.Dir(path), "o-2.txt"), []byte("mine\n"), 0o644), os.Remove(path), os.Mkdir(path, 0o755))
		}, "o-3.txt", map[string]string{"o-2.txt": "mine\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSession(t)
			s.dir = filepath.Join(s.dir, "below")
			path := filepath.Join(s.dir, "o.txt")
			cmd := s.begin(path, rounds)
			if err := test.take(path); err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(s.dir, test.to)
			s.eventually("the rounds are in "+to, func() bool {
				text, _ := os.ReadFile(to)
				return bytes.Contains(text, []byte("\n# end round 2\n"))
			})
			cmd.Process.Signal(os.Interrupt)
			cmd.Wait()
			f, err := results.ReadFile(to)
			if err != nil {
				t.Fatal(err)
			}
			s.read(to, f.Rounds)
			stdout, stderr := written(cmd)
			for _, want := range []string{
				path + " was removed or replaced; all rounds are now in " + to + "\n",
				"the raw rounds are in " + to + "\n",
				fmt.Sprintf("after %d of %d rounds; go on with -resume ", f.Rounds, rounds),
				" -o " + quote(to) + "\n",
			} {
				if !strings.Contains(stderr, want) {
					t.Errorf("standard error does not say %q: %s", want, stderr)
				}
			}
			if !strings.Contains(stdout, fmt.Sprintf("threadbench: %d rounds", f.Rounds)) {
				t.Errorf("the table is of other rounds than the %d:\n%s", f.Rounds, stdout)
			}
			for name, want := range test.kept {
				if got := contents(t, filepath.Join(s.dir, name)); string(got) != want {
					t.Errorf("%s holds %q, want %q", name, got, want)
				}
			}
			s.clean()
		})
	}
}

// TestOutputOfTwo has two runs go on with one file: one of them ends when it
// sees that, and the file stays whole.
func TestOutputOfTwo(t *testing.T) {
	const rounds = 12
	s := newSession(t)
	path := filepath.Join(s.dir, "o.txt")
	first := s.begin(path, rounds)
	second := s.run("", "-bench", nojoin, "-rounds", strconv.Itoa(rounds), "-o", path, "-resume")
	second.Run()
	first.Wait()
	s.clean()
	ended := 0
	for _, cmd := range []*exec.Cmd{first, second} {
		_, stderr := written(cmd)
		switch code := cmd.ProcessState.ExitCode(); {
		case code == 2 && strings.Contains(stderr, "run: writing results to "+path+": another program has written to it: ") && strings.Contains(stderr, "then go on with -resume"):
			ended++
		case code != 0:
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}
	// The second finds nothing to do if the machine has kept it until then.
	if ended > 1 {
		t.Errorf("%d runs have given up, want one at the most", ended)
	}
	s.read(path, rounds)
}

// TestOutputWrittenTo changes a run's results file: the run keeps off it.
func TestOutputWrittenTo(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteString("# mine\n")
			return errors.Join(err, f.Close())
		},
		"shorter": func(path string) error { return os.Truncate(path, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			path := filepath.Join(s.dir, "o.txt")
			cmd := s.begin(path, 100)
			// Between two rounds, at some time: they take longer than this.
			syscall.Kill(cmd.Process.Pid, syscall.SIGSTOP)
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			before := contents(t, path)
			syscall.Kill(cmd.Process.Pid, syscall.SIGCONT)
			cmd.Wait()
			_, stderr := written(cmd)
			if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(stderr, "another program has written to it: it has "+strconv.Itoa(len(before))+" bytes, and ") {
				t.Errorf("exit code %d, want 2 and why: %s", code, stderr)
			}
			if after := contents(t, path); !bytes.Equal(before, after) {
				t.Errorf("the run has changed the file from\n%sto\n%s", before, after)
			}
			s.clean()
		})
	}
}

// TestUnsyncedDisk runs where a disk does not keep what is written to it. In
// the header: there is no file then. In a round: the file is what it was, and
// the run goes on when the disk is well.
func TestUnsyncedDisk(t *testing.T) {
	s := newSession(t)
	if cmd := s.run("sync=0", "-list"); cmd.Run() != nil {
		t.Skipf("needs to make a system call fail: %s", cmd.Stderr)
	}
	path := filepath.Join(s.dir, "o.txt")
	args := []string{"-bench", nojoin, "-rounds", "2", "-o", path}
	broken := func(want string, more ...string) {
		t.Helper()
		cmd := s.run("sync="+strconv.Itoa(int(syscall.EIO)), append(args, more...)...)
		s.fail(cmd, "run: writing results to "+path+": ", "input/output error; "+want)
	}
	broken("make room, or choose another place with -o")
	if exists(path) {
		t.Error("a file is left")
	}

	// It stands in the file that system calls are filtered.
	s.succeed(s.run("sync=0", args...))
	whole := contents(t, path)
	first := whole[:bytes.Index(whole, []byte("# round 2: "))]
	if err := os.WriteFile(path, first, 0o644); err != nil {
		t.Fatal(err)
	}
	broken("the rounds that it holds are whole: make room and go on with -resume", "-resume")
	if got := contents(t, path); !bytes.Equal(got, first) {
		t.Errorf("the round that was not kept has left\n%s", got[len(first):])
	}
	broken("make room, or choose another place with -o", "-force")
	if got := contents(t, path); !bytes.Equal(got, first) {
		t.Errorf("to replace it has failed, and left\n%s", got)
	}
	s.succeed(s.run("sync=0", append(args, "-resume")...))
	s.read(path, 2)
}

// TestFullDiskForce replaces a file where there is no room for a header: the
// old one stays.
func TestFullDiskForce(t *testing.T) {
	s := newSession(t)
	disk, _ := s.smallDisk()
	path := filepath.Join(disk, "o.txt")
	old := bytes.Repeat([]byte("old\n"), os.Getpagesize()/4)
	if err := os.WriteFile(path, old, 0o644); err != nil {
		t.Fatal(err)
	}
	s.fail(s.run("", "-bench", nojoin, "-rounds", "1", "-o", path, "-force"), "no space left on device; make room, or choose another place with -o")
	if got := contents(t, path); !bytes.Equal(got, old) {
		t.Errorf("the old file is now %d bytes: %.100q", len(got), got)
	}
}

// TestOddOutputs names outputs that can't keep results, and waits for none of
// them. Each stays what it is.
func TestOddOutputs(t *testing.T) {
	s := newSession(t)
	pipe := filepath.Join(s.dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(s.dir, "link")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/dev/null", "/dev/full", "/dev/zero", pipe, link, s.dir} {
		for _, flag := range []string{"", "-force", "-resume"} {
			args := []string{"-bench", nojoin, "-rounds", "1", "-o", path}
			if flag != "" {
				args = append(args, flag)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			want := path + ": it is no regular file, and would keep nothing; "
			if path == s.dir {
				want = path + ": it is a directory; "
			}
			s.fail(s.run("", args...), want)
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("%s %s has become another: %v", flag, path, err)
			}
		}
	}
}

// TestStoppedInFirstWrite resumes what a run has left that was killed as it
// wrote its first lines, and nothing like it.
func TestStoppedInFirstWrite(t *testing.T) {
	s := newSession(t)
	path := filepath.Join(s.dir, "o.txt")
	head := headOf(t)
	plan := Plan{Profile: "quick", Bench: nojoin, Rounds: 1, CPU: site(t).CPU}
	for _, left := range []string{"", head[:5], head[:200], head, head + plan.line()[:20], head + plan.line(), head + plan.line() + "# beg"} {
		if err := os.WriteFile(path, []byte(left), 0o644); err != nil {
			t.Fatal(err)
		}
		s.succeed(s.run("", "-bench", nojoin, "-rounds", "1", "-o", path, "-resume"))
		s.read(path, 1)
		if got, _, _, err := wholeRounds(contents(t, path)); err != nil || got != plan {
			t.Errorf("after %d bytes: plan %+v, %v", len(left), got, err)
		}
	}
}

// TestForbiddenOutput runs as a user who may not write where the results are
// to be.
func TestForbiddenOutput(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	s := newSession(t)
	id := uint32(1_000_000 + os.Getpid())
	for _, dir := range []string{s.temp, s.root} {
		if err := os.Chown(dir, int(id), int(id)); err != nil {
			t.Fatal(err)
		}
	}
	for dir := s.root; dir != os.TempDir() && strings.Contains(dir, "Test"); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mine := filepath.Join(s.dir, "mine.txt")
	plan := Plan{Profile: "quick", Bench: nojoin, Rounds: 1, CPU: site(t).CPU}
	// That user may make no cgroup.
	text := regexp.MustCompile(`(?m)^kernel-bytes: .*$`).ReplaceAllString(headOf(t), "kernel-bytes: system") + plan.line()
	if err := os.WriteFile(mine, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(s.dir, "secret")
	if err := os.Mkdir(secret, 0o700); err != nil {
		t.Fatal(err)
	}
	before := entries(t, s.dir)
	for _, test := range []struct {
		path, flag, want string
	}{
		{filepath.Join(s.dir, "new.txt"), "", "permission denied; choose another place with -o"},
		{filepath.Join(s.dir, "new", "o.txt"), "", "permission denied; choose another place with -o"},
		{filepath.Join(secret, "o.txt"), "", "permission denied; choose another place with -o"},
		{filepath.Join(secret, "o.txt"), "-resume", "permission denied; see that it may be read and written"},
		{mine, "-force", "permission denied; choose another place with -o"},
		{mine, "-resume", "permission denied; see that it may be read and written"},
	} {
		args := []string{"-bench", nojoin, "-rounds", "1", "-o", test.path}
		if test.flag != "" {
			args = append(args, test.flag)
		}
		cmd := s.run("", args...)
		cmd.Dir = s.root
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: id, Gid: id}
		s.fail(cmd, test.want)
	}
	if after := entries(t, s.dir); !slices.Equal(before, after) {
		t.Errorf("files %v, before %v", after, before)
	}
	if got := contents(t, mine); string(got) != text {
		t.Errorf("the file that may only be read has changed")
	}
	if _, err := os.Stat(filepath.Join(secret, "o.txt")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file where nobody may write: %v", err)
	}
}
