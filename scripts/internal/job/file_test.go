package job

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAppend appends to files that another program changes: they are left
// alone.
func TestAppend(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer":  func(path string) error { return os.WriteFile(path, []byte("first\nmine\n"), 0o644) },
		"shorter": func(path string) error { return os.Truncate(path, 2) },
		"removed": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte("first\ntorn"), 0o644); err != nil {
				t.Fatal(err)
			}
			f := File{path, int64(len("first\n"))}
			if err := f.Cut(); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != "first\n" {
				t.Errorf("cut, it holds %q, %v", text, err)
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(path)
			if err := f.Append([]byte("second\n")); err == nil {
				t.Error("it is appended to all the same")
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Errorf("it is changed from %q to %q", before, after)
			}
		})
	}
}

// TestWritable asks for writable and unwritable paths, and leaves nothing
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
