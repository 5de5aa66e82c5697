package job

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// A File is appended to in whole pieces, each in one write and synced, so that
// a command which is killed loses the piece in flight at the most.
type File struct {
	*os.File
	Size int64 // of what is whole
}

// Append adds to the file, or leaves it as it was.
func (f *File) Append(text []byte) error {
	_, err := f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		f.Truncate(f.Size)
		return err
	}
	f.Size += int64(len(text))
	return nil
}

// Truncate cuts the file down to its first size bytes, or makes it longer. On
// Windows that goes by its name: a handle that appends may do nothing else there.
// Its errors are those of [os.Truncate].
func (f *File) Truncate(size int64) error {
	if runtime.GOOS == "windows" {
		return os.Truncate(f.Name(), size)
	}
	return f.File.Truncate(size)
}

// Writable sees that a file at the path can be made or added to, and leaves
// nothing there. It is for asking before long work whose report goes there.
func Writable(path string) error {
	if f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err == nil {
		return f.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".writable-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}
