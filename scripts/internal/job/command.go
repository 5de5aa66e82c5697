package job

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Command is a program to run until ctx ends. The program is then killed, with
// all that it has started where the system can do that. ^C in a terminal
// reaches neither.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	// A child that outlives the program must not make us wait for its output.
	cmd.WaitDelay = time.Second
	group(cmd)
	return cmd
}

// Output runs a program to its end and answers its standard output. Folder and
// environment are as in [exec.Cmd]. The error quotes the program's complaint.
func Output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := Command(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	if env != nil && dir != "" {
		cmd.Env = append(env[:len(env):len(env)], "PWD="+dir)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		said := strings.TrimSpace(stderr.String() + "\n" + string(out))
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// BuildTest builds a package's test binary. The environment is as in
// [exec.Cmd]; the flags are go test's.
func BuildTest(ctx context.Context, dir string, env []string, out, pkg string, flags ...string) error {
	args := append([]string{"test", "-c", "-o", out}, flags...)
	_, err := Output(ctx, dir, env, "go", append(args, pkg)...)
	return err
}

// ModuleRoot is the folder of this module. Workers are built from it.
func ModuleRoot(ctx context.Context) (string, error) {
	text, err := Output(ctx, "", nil, "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return "", fmt.Errorf("finding the suite's source: %w; put the go command in PATH, or do what it asks for", err)
	}
	path, dir, _ := strings.Cut(text, " ")
	if path != "threadbench" || dir == "" {
		return "", fmt.Errorf("finding the suite's source: this folder is in the module %s; run this command in a checkout of threadbench", path)
	}
	return dir, nil
}

// GoEnviron is the environment of a go command whose temporary files go to the
// folder temp. The go command leaves them behind if it is killed.
func GoEnviron(temp string) []string { return append(os.Environ(), "GOTMPDIR="+temp) }
