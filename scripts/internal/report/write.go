package report

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// mark is in the head of every file that this package writes: only such a file
// is replaced.
const mark = "<!-- made by threadbench report; to be made again, not edited -->"

// headBytes is how far from its beginning a file's mark is looked for.
const headBytes = 400

// Free is an error if there is something at the path that this package didn't
// make, and so may not replace.
func Free(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil: // if it isn't for want of a file, writing it will say so
		return nil
	case !info.Mode().IsRegular():
		return fmt.Errorf("writing a report to %s: it is no regular file; choose another place with -o", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("writing a report to %s: it exists and can't be read (%w); choose another place with -o", path, err)
	}
	defer f.Close()
	head := make([]byte, headBytes)
	n, _ := f.Read(head)
	if n > 0 && !bytes.Contains(head[:n], []byte(mark)) {
		return fmt.Errorf("writing a report to %s: the file exists and was not made by report; remove it, or choose another place with -o", path)
	}
	return nil
}

// write puts a whole file at the path, or leaves what is there.
func write(path string, text []byte) error {
	if err := Free(path); err != nil {
		return err
	}
	fail := func(err error) error {
		return fmt.Errorf("writing a report to %s: %w; make room, or choose another place with -o", path, err)
	}
	// Beside it first, since what is there is to stay if there is no room.
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), ".report-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fail(err)
	}
	_, err = f.Write(text)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fail(err)
	}
	return nil
}
