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

// Command is a program to be run until ctx ends; then it and all that it has
// started, where the system can, are killed. ^C in a terminal reaches neither.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	// A child that outlives it must not keep us waiting for its output.
	cmd.WaitDelay = time.Second
	group(cmd)
	return cmd
}

// Output runs a program to its end, in a folder and with an environment as
// [exec.Cmd] has them, and answers what it printed. The error says what it
// complained of.
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

// BuildTest builds a package's test binary, with the environment as [exec.Cmd]
// has it and the flags of go test.
func BuildTest(ctx context.Context, dir string, env []string, out, pkg string, flags ...string) error {
	args := append([]string{"test", "-c", "-o", out}, flags...)
	_, err := Output(ctx, dir, env, "go", append(args, pkg)...)
	return err
}

// ModuleRoot is the folder of this module, which workers are built from.
func ModuleRoot(ctx context.Context) (string, error) {
	text, err := Output(ctx, "", nil, "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return "", fmt.Errorf("finding the suite's source: %w; it takes the go command in PATH, and what it asks for", err)
	}
	path, dir, _ := strings.Cut(text, " ")
	if path != "threadbench" || dir == "" {
		return "", fmt.Errorf("finding the suite's source: this folder is of the module %s; run this command in a checkout of threadbench", path)
	}
	return dir, nil
}

// GoEnviron is the environment of a go command whose own temporary files lie in
// the folder: it leaves them behind when it is killed.
func GoEnviron(temp string) []string { return append(os.Environ(), "GOTMPDIR="+temp) }
