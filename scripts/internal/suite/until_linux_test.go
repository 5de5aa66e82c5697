package suite

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/results"
)

// commandSaid are the arguments of the command that a run says to go on with.
func commandSaid(t *testing.T, stderr string) []string {
	t.Helper()
	_, command, ok := strings.Cut(stderr, "; go on with ")
	command, _, _ = strings.Cut(command, "\n")
	typed, err := exec.Command("sh", "-c", "printf '%s\\n' "+command).Output()
	if !ok || err != nil {
		t.Fatalf("it does not say how to go on, %v: %s", err, stderr)
	}
	return strings.Split(strings.TrimSuffix(string(typed), "\n"), "\n")
}

// TestUntilDecided has workers answer so that one statement is decided at the
// first look and another lies at its bound. Without a budget the run ends after a
// round. Told what it says to go on with, it goes on to the last look with the
// rows of the second statement alone, and its verdicts are those of the file. Rows
// that no statement needs have the rounds of the first look.
func TestUntilDecided(t *testing.T) {
	s := newSession(t)
	withFaults(t, map[string]fault{
		"Create/impl=goroutine/mode=start": {how: "takes-1"},
		"Create/impl=floor/mode=start":     {how: "takes-1"},
		"Create/impl=goroutine/mode=cold":  {how: "takes-1"},
		"Create/impl=clone/mode=cold":      {how: "takes-2"}, // twice as long is the bound
	})
	path := filepath.Join(s.dir, "o.txt")
	args := []string{"-until", "decided", "-bench", "Create/impl=(goroutine|floor|clone)/mode=(start|cold|reused)$", "-o", path}
	_, stderr := s.succeed(s.run("", append(args, "-budget", "1ns")...))
	for _, want := range []string{"looks after 12, 18, 27, 40, 60 rounds, at 1% each", "the next look is after round 12: 11 more rounds", "the look after 12 rounds is beyond the budget of 1ns"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it does not say %q: %s", want, stderr)
		}
	}
	s.read(path, 1)

	stdout, stderr := s.succeed(s.run("", commandSaid(t, stderr)...))
	for _, want := range []string{"measuring 8 rows for ", "measuring 2 rows for 1 statement: create-faster\n", "measured 60 rounds in "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it does not say %q: %s", want, stderr)
		}
	}
	first, last := claims.Looks[0], claims.Looks[len(claims.Looks)-1]
	f, err := results.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range f.Rows {
		want := last
		if row.Name.Get("mode") != "cold" {
			want = first
		}
		if len(row.Runs) != want {
			t.Errorf("%s has %d rounds, want %d", row.FullName, len(row.Runs), want)
		}
	}
	want := map[string]string{"create-alloc": claims.Holds, "create-faster": claims.Inconclusive}
	for _, e := range claims.Judge(f) {
		switch verdict, asked := want[e.ID]; {
		case asked && (e.Verdict != verdict || !strings.Contains(unwrapped(stdout), strings.ToUpper(verdict)+": "+e.Reason) && e.Reason != ""):
			t.Errorf("%s: %s, %s; want %s, as the run has it:\n%s", e.ID, e.Verdict, e.Reason, verdict, stdout)
		case !asked && e.Verdict != claims.Missing:
			t.Errorf("%s: %s", e.ID, e.Verdict)
		}
	}
	for _, text := range []string{"not even 600 rounds like these would decide it", "threadbench: up to 60 rounds, less of what was decided before, driver lockstep", "HOLDS: decided after 12 rounds"} {
		if !strings.Contains(unwrapped(stdout), text) {
			t.Errorf("the table and the ledger do not say %q:\n%s", text, stdout)
		}
	}

	// There is no further look: nothing is left to measure.
	before := contents(t, path)
	s.succeed(s.run("", append(args, "-resume")...))
	if !slices.Equal(before, contents(t, path)) {
		t.Error("to resume a run that is over has changed its results")
	}
}
