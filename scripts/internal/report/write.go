package report

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// mark is in the head of every file that this package writes. Only files with the
// mark are replaced.
const mark = "<!-- made by threadbench report; to be made again, not edited -->"

// headBytes is how far into a file its mark may end.
const headBytes = 400

// Free returns an error if the path holds something that this package didn't make,
// and so may not replace.
func Free(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil: // writing the file reports an error other than its absence
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

// write puts a whole file at the path. If writing fails, the old file stays.
func write(path string, text []byte) error {
	if err := Free(path); err != nil {
		return err
	}
	fail := func(err error) error {
		return fmt.Errorf("writing a report to %s: %w; make room, or choose another place with -o", path, err)
	}
	// A new file is written beside the old file and then renamed: if there is no room,
	// the old file stays.
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
