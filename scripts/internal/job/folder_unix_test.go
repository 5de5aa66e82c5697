//go:build unix

package job

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunnable names a folder in which no program runs.
func TestRunnable(t *testing.T) {
	dir := t.TempDir()
	if err := runnable(dir); err != nil {
		t.Error(err)
	}
	// A system gives the same error for a program on a file system mounted
	// noexec and for a program without the permission.
	path := filepath.Join(dir, "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := started(path); err == nil || !strings.Contains(err.Error(), dir+" runs no program") || !strings.Contains(err.Error(), "GOTMPDIR") {
		t.Error(err)
	}
}
