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

// gateStep is the action's only step, with the values of its inputs: the given
// ones, else the defaults.
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

// TestAction compares the action's metadata with its step.
func TestAction(t *testing.T) {
	var a action
	load(t, "actions/gate/action.yml", &a)
	if a.Name == "" || a.Description == "" {
		t.Error("the action has no name or no description")
	}
	s := a.Runs.Steps[0]
	readme := read(t, filepath.Join(root(t), "scripts", "gate", "README.md"))
	var used []string
	for _, value := range s.Env {
		used = append(used, expression.FindStringSubmatch(value)[1])
	}
	for name, input := range a.Inputs {
		if input.Description == "" || input.Required == (input.Default != nil) {
			t.Errorf("input %s: %+v; want a description, and either a default or required", name, input)
		}
		if !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("input %s is not in the gate's README", name)
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

// benchmark is a test file whose op makes that many objects, counted by hand.
// The deciding unit is exact, so few rounds are enough. The benchmark reads a
// file that is not in git.
const benchmark = `package work

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
	if _, err := os.Stat("testdata/made"); err != nil {
		b.Fatal(err)
	}
	makes := testing.AllocsPerRun(100, func() {
		for i := range %d {
			sink[i] = new([64]byte)
		}
	})
	b.ReportMetric(makes, "makes/op")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkFails(b *testing.B) { b.Fatal("left out by skip") }
`

// module is a repository with a Go module below its top. The module's benchmark
// makes one object in the last commit but one. The last commit has the given
// test file. The folder base equals the last commit but one, as if another step
// of a job had checked it out.
func module(t *testing.T, head string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(withoutGit(os.Environ()), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull)
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
	git("init", "--quiet")
	write(".gitignore", "/base/\nmade\n")
	for _, top := range []string{"my module", "base/my module"} {
		write(top+"/go.mod", "module example.com/work\n\ngo 1.26\n")
		write(top+"/work_test.go", fmt.Sprintf(benchmark, 1))
		write(top+"/testdata/made", "")
	}
	git("add", "-A")
	git("commit", "--quiet", "-m", "before")
	write("my module/work_test.go", head)
	git("add", "-A")
	git("commit", "--quiet", "--allow-empty", "-m", "after")
	return dir
}

// withoutGit is the environment without a git hook's variables: with those, a
// test's commits would go to the hook's repository.
func withoutGit(env []string) []string {
	return slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "GIT_") })
}

// oldLinker puts a go command first in PATH whose linker can't lay out
// functions at random, like an older Go's. That saves a link in each round.
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

// injection is text that an input must not be executed as.
const injection = "x'; touch \"$GITHUB_WORKSPACE/injected\"; $(touch \"$GITHUB_WORKSPACE/injected\")`touch injected`"

// TestGate runs the action on another author's module.
func TestGate(t *testing.T) {
	oldLinker(t)
	actionPath := filepath.Join(root(t), ".github", "actions", "gate")
	same, changed := fmt.Sprintf(benchmark, 1), fmt.Sprintf(benchmark, 1)+"// another source\n"
	more := fmt.Sprintf(benchmark, 2)
	report := []string{"log.txt", "report.json", "report.md"}
	measured := append(report[:3:3], "rounds/base.txt", "rounds/control.txt", "rounds/head.txt")
	for _, test := range []struct {
		name    string
		head    string // the test file
		inputs  map[string]string
		outside string // the action's folder, if it is not the real one
		code    int
		verdict string
		words   []string // in the summary
		files   []string // of the report
	}{
		{"unchanged", same, nil, "", 0, "pass", []string{"example.com/work"}, report},
		{"regression", more, nil, "", 1, "regression", []string{"Make", "1 → 2 makes/op"}, measured},
		{"pass", more, map[string]string{"margin": "100%"}, "", 0, "pass", []string{"<code>Make</code>", "1 → 2 makes/op", "100%"}, measured},
		{"base-dir", more, map[string]string{"base": "", "base-dir": "base/my module", "setup": ""}, "", 1, "regression", []string{"1 → 2 makes/op"}, measured},
		{"unit", changed, map[string]string{"unit": "hops"}, "", 2, "error", []string{"Make", "makes/op"}, nil},
		{"setup fails", changed, map[string]string{"setup": "echo out of order; exit 1"}, "", 2, "error", []string{"-setup", "out of order"}, nil},
		{"no base", changed, map[string]string{"base": ""}, "", 2, "error", []string{"give one of them"}, nil},
		{"two bases", changed, map[string]string{"base-dir": "base"}, "", 2, "error", []string{"give one of them"}, nil},
		{"no such base", changed, map[string]string{"base": "nowhere"}, "", 2, "error", []string{"no verdict (exit code 2)", `"nowhere"`}, nil},
		{"no such base-dir", changed, map[string]string{"base": "", "base-dir": "nowhere"}, "", 2, "error", []string{"no verdict (exit code 2)", "nowhere"}, nil},
		{"no such folder", changed, map[string]string{"working-directory": "elsewhere"}, "", 2, "error", []string{"no verdict (exit code 2)", "elsewhere"}, nil},
		{"no source", changed, nil, t.TempDir(), 2, "error", []string{"no verdict (exit code 2)"}, nil},
		// What stands in an input is no shell, but for setup.
		{"injected", changed, map[string]string{"bench": injection + "("}, "", 2, "error", []string{"is no regular expression"}, nil},
		{"injected twice", changed, map[string]string{"base": "", "base-dir": injection}, "", 2, "error", []string{"no verdict (exit code 2)"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := module(t, test.head)
			inputs := map[string]string{
				"base": "HEAD^1", "working-directory": "my module", "budget": "5s", "unit": "makes/op",
				"setup": "mkdir -p testdata && touch testdata/made", "skip": "Fails",
			}
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
			if err != nil || !slices.Equal(names, test.files) {
				t.Errorf("the report is %q (%v), want %q", names, err, test.files)
			}
			if len(test.files) > 3 {
				parse(t, filepath.Join(report, "rounds", "base.txt"), filepath.Join(report, "rounds", "head.txt"))
			}
		})
	}
}

func gitStatus(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command("git", "status", "--porcelain")
	cmd.Dir, cmd.Env = dir, withoutGit(os.Environ())
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git status: %v\n%s", err, text)
	}
	return string(text)
}
