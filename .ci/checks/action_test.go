package checks

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gateStep is the action's one step, with the values of its inputs: defaults,
// but for those given.
func gateStep(t *testing.T, given map[string]string) (step, map[string]string) {
	t.Helper()
	var a action
	load(t, "actions/gate/action.yml", &a)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) != 1 || a.Runs.Steps[0].Shell != "bash" {
		t.Fatalf("action.yml: %+v, want one step in bash", a.Runs)
	}
	values := map[string]string{}
	for name, input := range a.Inputs {
		value, ok := given[name]
		switch {
		case ok:
		case input.Default != nil:
			value = *input.Default
		case input.Required:
			t.Fatalf("input %s is not given", name)
		}
		values["inputs."+name] = value
	}
	return a.Runs.Steps[0], values
}

// TestAction holds the action's metadata against its step.
func TestAction(t *testing.T) {
	var a action
	load(t, "actions/gate/action.yml", &a)
	if a.Name == "" || a.Description == "" {
		t.Error("the action has no name or no description")
	}
	s := a.Runs.Steps[0]
	var used []string
	for _, value := range s.Env {
		used = append(used, expression.FindStringSubmatch(value)[1])
	}
	for name, input := range a.Inputs {
		if input.Description == "" || input.Required == (input.Default != nil) {
			t.Errorf("input %s: %+v; want a description, and either a default or required", name, input)
		}
		if !slices.Contains(used, "inputs."+name) {
			t.Errorf("input %s is not used", name)
		}
	}
	for name, output := range a.Outputs {
		if output.Description == "" || output.Value != "${{ steps."+s.ID+".outputs."+name+" }}" {
			t.Errorf("output %s: %+v", name, output)
		}
	}
	var w struct {
		Jobs map[string]struct{ Steps []step }
	}
	load(t, "workflows/gate.yml", &w)
	for _, s := range w.Jobs["gate"].Steps {
		for name := range s.With {
			if _, ok := a.Inputs[name]; s.ID == "gate" && !ok {
				t.Errorf("gate.yml gives the action %s, which it doesn't take", name)
			}
		}
	}
}

// module is a repository with a Go module of its own below the top, whose
// benchmark allocates once an op in the commit before the last, and as often as
// is said in the last one.
func module(t *testing.T, allocations int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, text)
		}
	}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// What decides is counts alone, which compare without noise; so a run may be
	// short.
	const text = `package work

import (
	"fmt"
	"os"
	"testing"
)

var sink [8]*[64]byte

func TestMain(m *testing.M) {
	fmt.Println("Unit makes/op better=lower assume=exact")
	os.Exit(m.Run())
}

func BenchmarkMake(b *testing.B) {
	makes := testing.AllocsPerRun(100, func() {
		for i := range %d {
			sink[i] = new([64]byte)
		}
	})
	b.ReportMetric(makes, "makes/op")
	b.ReportMetric(0, "ns/op")
}
`
	git("init", "--quiet")
	write("my module/go.mod", "module example.com/work\n\ngo 1.26\n")
	write("my module/work_test.go", fmt.Sprintf(text, 1))
	git("add", "-A")
	git("commit", "--quiet", "-m", "before")
	write("my module/work_test.go", fmt.Sprintf(text, allocations))
	git("add", "-A")
	git("commit", "--quiet", "--allow-empty", "-m", "after")
	return dir
}

// oldLinker puts a go command first in PATH whose linker lays out no functions
// at random, as that of an older Go: it saves a link in each round.
func oldLinker(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n[ \"$*\" = 'tool link -help' ] && exit 2\nexec '%s' \"$@\"\n", program)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

// TestGate runs the action on a module of somebody else's.
func TestGate(t *testing.T) {
	oldLinker(t)
	actionPath := filepath.Join(root(t), ".github", "actions", "gate")
	for _, test := range []struct {
		name        string
		allocations int // of an op of head; one of base
		inputs      map[string]string
		outside     string // the action's folder, if it is not the real one
		code        int
		verdict     string
		words       []string // in the summary
	}{
		{"pass", 1, map[string]string{"budget": "3s"}, "", 0, "pass", []string{"gate: pass", "<code>Make</code>"}},
		{"regression", 2, map[string]string{"budget": "3s"}, "", 1, "regression", []string{"gate: regression", "1 → 2 makes/op"}},
		{"no such base", 1, map[string]string{"base": "nowhere"}, "", 2, "error", []string{"no verdict (exit code 2)", `"nowhere"`}},
		{"no such folder", 1, map[string]string{"working-directory": "elsewhere"}, "", 2, "error", []string{"no verdict (exit code 2)", "elsewhere"}},
		{"no source", 1, nil, t.TempDir(), 2, "error", []string{"no verdict (exit code 2)"}},
		// What stands in an input is no shell.
		{"injected", 1, map[string]string{"bench": "x'; touch \"$GITHUB_WORKSPACE/injected\"; $(touch \"$GITHUB_WORKSPACE/injected\")`touch injected`("}, "", 2, "error", []string{"is no regular expression"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := module(t, test.allocations)
			inputs := map[string]string{"base": "HEAD^1", "working-directory": "my module"}
			maps.Copy(inputs, test.inputs)
			s, values := gateStep(t, inputs)
			path := actionPath
			if test.outside != "" {
				path = test.outside
			}
			r := s.script(t, dir, values, "GITHUB_ACTION_PATH="+path)
			said := fmt.Sprintf("outputs %v\nsummary %s\nstdout %s\nstderr %s", r.outputs, r.summary, r.stdout, r.stderr)
			report := r.outputs["report"]
			if r.code != test.code || r.outputs["exit-code"] != fmt.Sprint(test.code) || r.outputs["verdict"] != test.verdict || !strings.HasPrefix(report, r.folder) {
				t.Fatalf("exit code %d, want %d and %s\n%s", r.code, test.code, test.verdict, said)
			}
			for _, word := range test.words {
				if !strings.Contains(r.summary, word) {
					t.Errorf("the summary does not say %q\n%s", word, said)
				}
			}
			annotations := 0
			for line := range strings.Lines(r.stdout) {
				if strings.HasPrefix(line, "::") {
					annotations++
				}
			}
			if annotations == 0 {
				t.Errorf("no annotation\n%s", said)
			}
			if changed := gitStatus(t, dir); changed != "" {
				t.Errorf("the checkout has changed:\n%s", changed)
			}
			if log := read(t, filepath.Join(report, "log.txt")); log == "" || !strings.HasSuffix(r.stderr, log) {
				t.Errorf("the log is %q\n%s", log, said)
			}
			if test.verdict == "error" {
				return
			}
			var doc struct{ Verdict string }
			if err := json.Unmarshal([]byte(read(t, filepath.Join(report, "report.json"))), &doc); err != nil || doc.Verdict != test.verdict {
				t.Errorf("report.json: %v, %+v", err, doc)
			}
			if text := read(t, filepath.Join(report, "report.md")); text != r.summary {
				t.Errorf("report.md is not the summary:\n%s", text)
			}
			var names []string
			err := filepath.WalkDir(report, func(path string, d os.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					name, _ := filepath.Rel(report, path)
					names = append(names, filepath.ToSlash(name))
				}
				return err
			})
			want := []string{"log.txt", "report.json", "report.md", "rounds/base.txt", "rounds/control.txt", "rounds/head.txt"}
			if err != nil || !slices.Equal(names, want) {
				t.Errorf("the report is %q (%v), want %q", names, err, want)
			}
			parse(t, filepath.Join(report, "rounds", "base.txt"), filepath.Join(report, "rounds", "head.txt"))
		})
	}
}

func gitStatus(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command("git", "status", "--porcelain")
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git status: %v\n%s", err, text)
	}
	return string(text)
}
