package suite

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"threadbench/scripts/internal/results"
)

// begin starts a run of that many rounds and waits until the first is in the
// file.
func (s *session) begin(path string, rounds int, more ...string) *exec.Cmd {
	s.Helper()
	cmd := s.run("", append([]string{"-bench", brief, "-rounds", strconv.Itoa(rounds), "-o", path}, more...)...)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.eventually("a round is written", func() bool {
		text, _ := os.ReadFile(path)
		return bytes.Contains(text, []byte("\n# end round 1\n"))
	})
	return cmd
}

// TestOutputOfTwo has two runs resume the same file. One of them ends when it
// notices, and the file stays whole.
func TestOutputOfTwo(t *testing.T) {
	const rounds = 12
	s := newSession(t)
	path := filepath.Join(s.dir, "o.txt")
	first := s.begin(path, rounds)
	second := s.run("", "-bench", brief, "-rounds", strconv.Itoa(rounds), "-o", path, "-resume")
	second.Run()
	first.Wait()
	s.clean()
	ended := 0
	for _, cmd := range []*exec.Cmd{first, second} {
		_, stderr := written(cmd)
		switch code := cmd.ProcessState.ExitCode(); {
		case code == 2 && strings.Contains(stderr, "run: writing results to "+path+": another program has changed the file: ") && strings.Contains(stderr, "go on with -resume"):
			ended++
		case code != 0:
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}
	// The second run has nothing to do if the machine held it up until the
	// first was done.
	if ended > 1 {
		t.Errorf("%d runs have given up, want one at the most", ended)
	}
	s.read(path, rounds)
}

// TestResume replaces a file by -force, and then resumes files that end within
// a round, as a crash of the system may leave them. The torn round is measured
// anew.
func TestResume(t *testing.T) {
	s := newSession(t)
	path := filepath.Join(s.dir, "o.txt")
	args := []string{"-bench", "Create/impl=(goroutine|floor)/mode=start", "-rounds", "2", "-o", path}
	if err := os.WriteFile(path, bytes.Repeat([]byte("old\n"), 10_000), 0o644); err != nil {
		t.Fatal(err)
	}
	s.succeed(s.run("", append(args, "-force")...))
	s.read(path, 2)
	text := contents(t, path)
	if bytes.Contains(text, []byte("old\n")) {
		t.Error("something of the old file is left")
	}
	first, second := bytes.Index(text, []byte("# round 1: ")), bytes.Index(text, []byte("# round 2: "))
	for _, end := range []int{first, first + 20, second, bytes.Index(text[second:], []byte("impl=")) + second, len(text) - 1} {
		if err := os.WriteFile(path, text[:end], 0o644); err != nil {
			t.Fatal(err)
		}
		s.succeed(s.run("", append(args, "-resume")...))
		s.read(path, 2)
		whole := first
		if end >= second {
			whole = second
		}
		if got := contents(t, path); !bytes.Equal(got[:whole], text[:whole]) || bytes.Count(got, []byte("# round 2: ")) != 1 {
			t.Errorf("torn at %q, it is resumed to\n%s", text[:end], got)
		}
	}
}

// TestFullDisk fills the disk during a run. The earlier rounds stay, and with
// some room the run goes on.
func TestFullDisk(t *testing.T) {
	s := newSession(t)
	disk, grow := s.smallDisk()
	page := os.Getpagesize()
	path := filepath.Join(disk, "o.txt")
	const rounds = 8
	// The plan stands in the file: with it, all but the room for the first few
	// rounds, of some 300 bytes each, is taken.
	cases := "Create/impl=(goroutine|floor)/mode=start|" + strings.Repeat("x", page-len(headOf(t))-1400)
	args := []string{"-bench", cases, "-rounds", strconv.Itoa(rounds), "-o", path}
	s.fail(s.run("", args...), "run: writing results to "+path+": ", "no space left on device; the rounds before are whole: fix that and go on with -resume")
	f, err := results.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if f.Rounds < 1 || f.Rounds >= rounds {
		t.Fatalf("%d of %d rounds fit", f.Rounds, rounds)
	}
	s.read(path, f.Rounds)

	grow(16)
	s.succeed(s.run("", append(args, "-resume")...))
	s.read(path, rounds)

	// No room for the first line: then there is no file.
	if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 16*page), 0o644); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	none := filepath.Join(disk, "none.txt")
	s.fail(s.run("", "-bench", one, "-rounds", "1", "-o", none), "no space left on device; choose another place with -o")
	if _, err := os.Stat(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("on a full disk a file without a head is left: %v", err)
	}
}

// smallDisk mounts a file system of one page, which grow makes larger.
func (s *session) smallDisk() (disk string, grow func(pages int)) {
	s.Helper()
	disk = filepath.Join(s.dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		s.Fatal(err)
	}
	mount := func(pages int, flags uintptr) error {
		return unix.Mount("threadbench", disk, "tmpfs", flags, "size="+strconv.Itoa(pages*os.Getpagesize()))
	}
	if err := mount(1, 0); err != nil {
		s.Skipf("needs to mount a file system: %v", err)
	}
	s.Cleanup(func() { unix.Unmount(disk, unix.MNT_DETACH) })
	return disk, func(pages int) {
		s.Helper()
		if err := mount(pages, unix.MS_REMOUNT); err != nil {
			s.Fatal(err)
		}
	}
}

// TestDefaultOutput runs without -o. It finds two files named by the time and
// the host, which -host names.
func TestDefaultOutput(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for host, args := range map[string][]string{own: nil, "rack-3.node_1": {"-host", "rack-3.node_1"}} {
		t.Run(host, func(t *testing.T) {
			s := newSession(t)
			_, stderr := s.succeed(s.run("", append(args, "-bench", "Create/impl=goroutine/mode=start", "-rounds", "1")...))
			local := filepath.Join(s.root, "results", "local")
			files := entries(t, local)
			want := regexp.MustCompile(`^\d{4}-\d\d-\d\d-\d{6}-` + regexp.QuoteMeta(host) + `\.(html|txt)$`)
			if len(files) != 2 || slices.ContainsFunc(files, func(f string) bool { return !want.MatchString(f) }) {
				t.Fatalf("files %v, want a page and the rounds, called %v", files, want)
			}
			for _, f := range files {
				if !strings.Contains(stderr, filepath.Join(local, f)) {
					t.Errorf("standard error does not name %s: %s", f, stderr)
				}
			}
			if got := s.read(filepath.Join(local, files[1]), 1).Host(); got != host {
				t.Errorf("the file's host is %q, want %q", got, host)
			}
		})
	}
}
