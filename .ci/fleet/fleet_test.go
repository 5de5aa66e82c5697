// Package fleet is the tests of scripts/fleet: the Kubernetes manifest, the
// Slurm script and the commands of its README. It is a module of its own, so
// that users of threadbench don't carry Kubernetes' types. It imports nothing
// of ours, and runs the one file that "go build ./scripts/threadbench" makes.
//
// Its stance: an engine's decisions are tested by the engine. Slurm runs the
// script. Kubernetes needs a cluster, so its own types and its own pod security
// policy read the manifest, and the logs that its pods would write are read as
// a user would.
package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bench chooses the rows that decide one statement, create-faster, and measures
// them once. These tests are about the way of the results, not about figures.
const bench = `-rounds 1 -bench 'Create/impl=(goroutine|clone)/mode=cold$'`

// file is the path of the one file, which TestMain builds.
var file string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "threadbench-fleet-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	file = filepath.Join(dir, "threadbench")
	build := exec.Command("go", "build", "-o", file, "./scripts/threadbench")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the one file: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// source is the text of a file in scripts/fleet.
func source(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "scripts", "fleet", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// folder is a folder as a user of the README makes it: the one file, the named
// files of scripts/fleet, and a folder for results.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "results"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(dir, "threadbench")); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(source(t, name)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// documented is the README's only command that begins so.
func documented(t *testing.T, begins string) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(source(t, "README.md")) {
		if command, ok := strings.CutPrefix(line, "    "); ok && strings.HasPrefix(command, begins) {
			found = append(found, strings.TrimSpace(command))
		}
	}
	found = slices.Compact(found)
	if len(found) != 1 {
		t.Fatalf("the README has %d different commands that begin with %q, want one: %q", len(found), begins, found)
	}
	return found[0]
}

// shell runs a command line in the folder, for at most two minutes, and answers
// its standard output. Variables are NAME=VALUE.
func shell(t *testing.T, dir, command string, variables ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-euc", command)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), variables...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // and what the shell has started
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", command, err, &stdout, &stderr)
	}
	return stdout.String()
}

// counted checks that claims and report, called as in the README, count each of
// the hosts as a machine. It answers what claims prints.
func counted(t *testing.T, dir string, hosts []string) string {
	t.Helper()
	claims := documented(t, "./threadbench claims")
	var sum struct {
		Machines   []struct{ About string }
		Statements []struct {
			ID                                  string
			Holds, Fails, Inconclusive, Missing []string
		}
	}
	text := shell(t, dir, strings.Replace(claims, "claims", "claims -format json", 1))
	if err := json.Unmarshal([]byte(text), &sum); err != nil {
		t.Fatalf("what claims prints: %v\n%s", err, text)
	}
	var machines []string
	for _, m := range sum.Machines {
		host, _, _ := strings.Cut(m.About, ",")
		machines = append(machines, host)
	}
	slices.Sort(machines)
	if !slices.Equal(machines, hosts) {
		t.Errorf("claims counts the machines %q, want %q", machines, hosts)
	}
	for _, s := range sum.Statements {
		// One round decides nothing, but each machine must have the rows.
		if s.ID == "create-faster" && len(s.Inconclusive) != len(hosts) {
			t.Errorf("claims finds the rows of %s on %d machines, want %d: %+v", s.ID, len(s.Inconclusive), len(hosts), s)
		}
	}

	shell(t, dir, documented(t, "./threadbench report"))
	page, err := os.ReadFile(filepath.Join(dir, "fleet.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range hosts {
		if !bytes.Contains(page, []byte(host)) {
			t.Errorf("the report does not name the machine %s", host)
		}
	}
	return shell(t, dir, claims)
}
