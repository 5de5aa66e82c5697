package fidelity

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed c/worker.c
var workerSource []byte

//go:embed c/bodies.h
var bodiesSource []byte

// compiler is the C compiler and its first arguments: $CC, else what there is
// in PATH.
func compiler() ([]string, error) {
	if cc := strings.Fields(os.Getenv("CC")); len(cc) > 0 {
		if _, err := exec.LookPath(cc[0]); err != nil {
			return nil, fmt.Errorf("finding the C compiler: CC is %q: %w; set CC to one, or unset it to have cc, gcc or clang looked up", os.Getenv("CC"), err)
		}
		return cc, nil
	}
	for _, name := range []string{"cc", "gcc", "clang"} {
		if _, err := exec.LookPath(name); err == nil {
			return []string{name}, nil
		}
	}
	return nil, errors.New("finding the C compiler: neither cc nor gcc nor clang is in PATH; install one (on Debian: apt-get install gcc libc6-dev), or set CC")
}

// buildC builds the worker in C in the folder.
func buildC(ctx context.Context, cc []string, dir string) (path string, err error) {
	for name, text := range map[string][]byte{"worker.c": workerSource, "bodies.h": bodiesSource} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return "", fmt.Errorf("building the worker in C: %w", err)
		}
	}
	path = filepath.Join(dir, "worker.c.out")
	cmd := exec.CommandContext(ctx, cc[0], append(cc[1:len(cc):len(cc)], "-O2", "-Wall", "-o", path, "worker.c")...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the worker in C: %s: %w: %s; set CC to another compiler, or install the headers of the C library and of Linux", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(text))
	}
	return path, nil
}
