package gate

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTwoSignals interrupts gates twice in a row, as an impatient person does,
// at various moments. The terminal sends ^C to the whole process group. Nothing
// may be left: no worktree, no temporary folder, and no process, not even one
// that the gate has stopped.
func TestTwoSignals(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and measures for seconds")
	}
	s := newSession(t)
	const archive = `repository
steps .
-- both/m_test.go --
package m

import "testing"

func BenchmarkQuiet(b *testing.B) { steps(b, 300) }
`
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 4 {
		// Two of the moments are in the first second, when the gate checks out
		// and builds.
		after := time.Duration(random.Int64N(int64(time.Second)))
		if i > 1 {
			after += time.Second
		}
		between := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
		t.Run(after.Round(time.Millisecond).String(), func(t *testing.T) {
			tr := newTrial(t, s)
			tr.run(archive)
			cmd := tr.command(t.Context(), "-base", "base", "-pkg", ".", "-margin", "0%", "-budget", "20s", "-o", filepath.Join(tr.dir, "raw"))
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after)
			syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
			time.Sleep(between)
			syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
			cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != 2 {
				t.Errorf("after two signals it answers %d (%v), want 2:\n%s", code, cmd.ProcessState, out.String())
			}
			if said := out.String(); strings.Contains(said, "PASS") || strings.Contains(said, "REGRESSION") {
				t.Errorf("a gate that was interrupted has a verdict:\n%s", said)
			}
			tr.clean()
			if left := (&session{T: t, temp: tr.temp()}).processes(); len(left) > 0 {
				t.Errorf("processes are left: %q", left)
			}
		})
	}
}
