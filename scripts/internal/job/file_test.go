package job

import (
	"os"
	"path/filepath"
	"testing"
)

// TestWritable asks for places there are and there aren't, and leaves none
// behind.
func TestWritable(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, able := range map[string]bool{
		there:                                true,
		filepath.Join(dir, "new"):            true,
		filepath.Join(dir, "nowhere", "new"): false,
		filepath.Join(there, "below a file"): false,
		dir:                                  false,
	} {
		if err := Writable(path); (err == nil) != able {
			t.Errorf("%s: %v, want able %v", path, err, able)
		}
	}
	files, err := os.ReadDir(dir)
	if text, _ := os.ReadFile(there); err != nil || len(files) != 1 || string(text) != "kept" {
		t.Errorf("left behind: %v, %v, and the file says %q", files, err, text)
	}
}
