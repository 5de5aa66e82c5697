package gate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStopped stops gates at various moments. ^C leaves no worktree, process or
// temporary folder behind and keeps whole rounds. After kill -9, the next gate
// removes what is left.
func TestStopped(t *testing.T) {
	m := newModule(t)
	// Figures that never change and are no counts can never be shown to be less
	// than 0% slower.
	undecided := strings.Replace(steps(300), " assume=exact", "", 1)
	m.write("work_test.go", undecided)
	m.commit("one")
	m.write("work_test.go", undecided+"\n// the same\n")
	m.commit("two")
	s := newSession(t)
	random := rand.New(rand.NewPCG(3, 4))
	start := func(raw string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(tools(t), "gate"), "-base", "one", "-head", "two", "-pkg", ".", "-rounds", "1000", "-margin", "0%", "-unit", "steps/op", "-o", raw)
		cmd.Env = append(os.Environ(), runVariable+"=1")
		cmd.Dir = m.dir
		cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	for i := range 4 {
		after := time.Duration(random.Int64N(int64(3 * time.Second)))
		signal := os.Interrupt
		if i == 2 {
			signal = os.Kill
		}
		t.Run(fmt.Sprintf("%v after %v", signal, after.Round(time.Millisecond)), func(t *testing.T) {
			raw := filepath.Join(m.dir, "..", fmt.Sprint("raw", i))
			cmd := start(raw)
			time.Sleep(after)
			cmd.Process.Signal(signal)
			time.Sleep(10 * time.Millisecond)
			cmd.Process.Signal(signal) // from an impatient user
			cmd.Wait()
			said := cmd.Stderr.(*bytes.Buffer).String()
			if signal == os.Kill {
				// The next gate cleans up, once the linkers have ended.
				s := &session{T: t, temp: s.temp, log: s.log}
				for begin := time.Now(); len(s.processes()) > 0; time.Sleep(time.Millisecond) {
					if time.Since(begin) > time.Minute {
						t.Fatalf("processes are left: %q", s.processes())
					}
				}
				return
			}
			if code := cmd.ProcessState.ExitCode(); code != 2 && code != -1 || code == 2 && !strings.Contains(said, "stopped by a signal") {
				t.Errorf("it ends with %d and says %s", code, said)
			}
			if cmd.ProcessState.ExitCode() == -1 && after > 2*time.Second {
				t.Error("the signal has killed it before it could clean up")
			}
			s := &session{T: t, temp: s.temp, log: s.log}
			if cmd.ProcessState.ExitCode() == 2 {
				s.clean(m.dir)
			}
			if left := s.processes(); len(left) > 0 {
				t.Errorf("processes are left: %q", left)
			}
			if _, err := os.Stat(raw); err == nil {
				for arm := range arms {
					readRaw(t, rawPath(raw, arm))
				}
				if !strings.Contains(said, "the raw rounds are in "+raw) {
					t.Errorf("it does not say where the raw rounds are: %s", said)
				}
			}
		})
	}
}

// processes are the programs that run from, or in, the session's temporary
// folder.
func (s *session) processes() []string {
	var left []string
	links, _ := filepath.Glob("/proc/[1-9]*/exe")
	for _, link := range links {
		program, _ := os.Readlink(link)
		dir, _ := os.Readlink(filepath.Join(filepath.Dir(link), "cwd"))
		for _, path := range []string{program, dir} {
			if strings.HasPrefix(path, s.temp+"/") {
				left = append(left, program+" in "+dir)
			}
		}
	}
	return left
}
