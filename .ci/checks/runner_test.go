// Package checks runs the scripts in .github as a runner would, as well as it
// can without one, and reads results with other tools' parsers. Its
// dependencies are in .ci/tools.mod:
//
//	go test -modfile=.ci/tools.mod ./.ci/checks
package checks

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// A step is a step of a job or of a composite action.
type step struct {
	ID, Name, Uses, Run, Shell string
	Env, With                  map[string]string

	files map[string]string // files that earlier steps left in RUNNER_TEMP
}

type workflow struct {
	Permissions map[string]string
	Concurrency any
	Defaults    struct{ Run struct{ Shell string } }
	Jobs        map[string]struct {
		Timeout  int `yaml:"timeout-minutes"`
		Defaults struct{ Run struct{ Shell string } }
		Steps    []step
	}
}

// An action is the metadata of a composite action.
type action struct {
	Name, Description string
	Inputs            map[string]struct {
		Description string
		Required    bool
		Default     *string
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []step
	}
}

// root is the folder of the module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// load reads a file of .github. Fields that the type lacks are let pass:
// actionlint knows the names in workflows, TestAction those of an action.
func load(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), ".github", path))
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// workflows are all workflows, by file.
func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root(t), ".github", "workflows", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("workflows: %q, %v", paths, err)
	}
	all := map[string]workflow{}
	for _, path := range paths {
		var w workflow
		load(t, filepath.Join("workflows", filepath.Base(path)), &w)
		all[filepath.Base(path)] = w
	}
	return all
}

// theStep is the step with that id in a workflow's job.
func theStep(t *testing.T, file, job, id string) step {
	t.Helper()
	for _, s := range workflows(t)[file].Jobs[job].Steps {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("%s: job %s has no step %s", file, job, id)
	return step{}
}

// A run is the result of a step's script.
type run struct {
	code            int
	stdout, stderr  string
	outputs         map[string]string
	summary, folder string // folder is the RUNNER_TEMP
}

var expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)

// script runs a step's script in the folder, as a runner does with shell: bash.
// values are the values of the expressions in its environment. env is what the
// runner adds to it.
func (s step) script(t *testing.T, dir string, values map[string]string, env ...string) run {
	t.Helper()
	temp := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(temp, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	script, output, summary := file("script"), file("output"), file("summary")
	if err := os.WriteFile(script, []byte(s.Run), 0o644); err != nil {
		t.Fatal(err)
	}
	runnerTemp := filepath.Join(temp, "runner temp")
	if err := os.Mkdir(runnerTemp, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range s.files {
		path := filepath.Join(runnerTemp, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summary, "RUNNER_TEMP="+runnerTemp, "GITHUB_WORKSPACE="+dir)
	cmd.Env = append(cmd.Env, env...)
	for key, value := range s.Env {
		cmd.Env = append(cmd.Env, key+"="+expression.ReplaceAllStringFunc(value, func(e string) string {
			v, ok := values[expression.FindStringSubmatch(e)[1]]
			if !ok {
				t.Fatalf("step %s: nothing is known of %s", s.ID, e)
			}
			return v
		}))
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := run{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), outputs: map[string]string{}, folder: runnerTemp}
	for line := range strings.Lines(read(t, output)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok {
			t.Errorf("the step wrote %q to GITHUB_OUTPUT", line)
		}
		r.outputs[key] = value
	}
	r.summary = read(t, summary)
	return r
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
