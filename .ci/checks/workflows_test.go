package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestScripts checks that no script contains an expression, whose value would
// run as shell. shellcheck must find nothing in the action's script, if
// shellcheck is installed: actionlint calls it only for workflows.
func TestScripts(t *testing.T) {
	var a action
	load(t, "actions/gate/action.yml", &a)
	steps := map[string][]step{"action.yml": a.Runs.Steps}
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			steps[file+", job "+name] = j.Steps
		}
	}
	for where, of := range steps {
		for _, s := range of {
			if e := expression.FindString(s.Run); e != "" {
				t.Errorf("%s: %s in a script; hand it on by env", where, e)
			}
		}
	}
	shellcheck, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip("the action's script is not checked: ", err)
	}
	for _, s := range a.Runs.Steps {
		cmd := exec.Command(shellcheck, "--shell=bash", "-")
		cmd.Stdin = strings.NewReader(s.Run)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("action.yml, step %s: %v\n%s", s.ID, err, text)
		}
	}
}

// TestWorkflows checks what every workflow must have.
func TestWorkflows(t *testing.T) {
	pinned := regexp.MustCompile(`uses: (\./\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)
	for file, w := range workflows(t) {
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: permissions %v, want contents: read", file, w.Permissions)
		}
		if w.Concurrency == nil {
			t.Errorf("%s: no concurrency", file)
		}
		for name, j := range w.Jobs {
			if j.Timeout == 0 {
				t.Errorf("%s, job %s: no timeout-minutes", file, name)
			}
		}
		for line := range strings.Lines(read(t, filepath.Join(root(t), ".github", "workflows", file))) {
			if line = strings.TrimSpace(line); strings.Contains(line, "uses:") && !pinned.MatchString(line) {
				t.Errorf("%s: %s: want a commit with its version in a comment", file, line)
			}
		}
	}
}

// TestCompare runs the script of the suite's last job, on the reference result
// and on a result from a system without raw threads.
func TestCompare(t *testing.T) {
	reference := read(t, filepath.Join(root(t), "results", "reference.txt"))
	other := regexp.MustCompile(`(?m)^Benchmark\S*impl=clone.*\n`).ReplaceAllString(reference, "")
	other = strings.Replace(other, "goos: linux", "goos: windows", 1)
	s := theStep(t, "suite.yml", "compare", "compare")
	s.files = map[string]string{"suite/linux-amd64.txt": reference, "suite/linux-amd64.table": "a table\n", "suite/windows-amd64.txt": other}
	r := s.script(t, root(t), nil)
	if r.code != 0 {
		t.Fatalf("it answers %d:\n%s%s", r.code, r.stdout, r.stderr)
	}
	// The factors of both systems stand side by side. A row that only one
	// system has is there, too.
	for _, want := range []string{
		`│ +linux-amd64.txt +│ +windows-amd64.txt +│`,
		`    Switch/impl=locked/via=channel/place=same( +\S+ ± +\d+%){2}`,
		`    Switch/impl=clone/via=futex/place=same +\S+ ± +\d+%`,
		`\n\| statement \| linux-amd64.txt \(\d+ rounds\) \| windows-amd64.txt \(\d+ rounds\) \|`,
	} {
		if !regexp.MustCompile(want).MatchString(r.summary) {
			t.Errorf("the summary does not say %q:\n%.3000s", want, r.summary)
		}
	}
	page := read(t, filepath.Join(r.folder, "report.html"))
	for _, system := range []string{"goos linux", "goos windows"} {
		if !strings.Contains(page, system) {
			t.Errorf("the report does not name %s", system)
		}
	}
}

// TestReadme lints the workflow in the gate's README, and compares it with the
// action's inputs.
func TestReadme(t *testing.T) {
	block := regexp.MustCompile(`(?m)^    on: pull_request\n(?:    .*\n)+`).FindString(read(t, filepath.Join(root(t), "scripts", "gate", "README.md")))
	path := filepath.Join(t.TempDir(), "example.yml")
	text := strings.ReplaceAll("\n"+block, "\n    ", "\n")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "tool", "-modfile=.ci/tools.mod", "actionlint", path)
	cmd.Dir = root(t)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("actionlint: %v\n%s", err, text)
	}
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	var a action
	load(t, "actions/gate/action.yml", &a)
	uses := false
	for _, s := range w.Jobs["gate"].Steps {
		if !strings.HasPrefix(s.Uses, "OWNER/threadbench/.github/actions/gate@") {
			continue
		}
		uses = true
		for name := range s.With {
			if _, ok := a.Inputs[name]; !ok {
				t.Errorf("the gate's README gives the action %s, which it doesn't take", name)
			}
		}
		for name, input := range a.Inputs {
			if _, ok := s.With[name]; input.Required && !ok {
				t.Errorf("the gate's README gives the action no %s", name)
			}
		}
	}
	if !uses {
		t.Errorf("the workflow of the gate's README does not use the action:\n%s", text)
	}
}
