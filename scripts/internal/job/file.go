package job

import (
	"errors"
	"os"
	"runtime"
)

// A File is appended to in whole pieces, each in one write and synced, so that
// a command which is killed loses the piece in flight at the most. Two commands
// that append to one file don't mix: the second to write gets an error.
type File struct {
	*os.File
	Size int64 // of what is whole
}

// OpenFile opens a file as [os.OpenFile] does with the flag, to append to it, and
// cuts off what it holds beyond size.
func OpenFile(path string, flag int, size int64) (*File, error) {
	opened, err := os.OpenFile(path, flag|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	f := &File{opened, size}
	if err := f.Truncate(size); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Append adds to the file, or leaves it as it was. A file that somebody else has
// written to, removed or replaced is an error.
func (f *File) Append(text []byte) error {
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Stat(f.Name()); err != nil {
		return err
	} else if !os.SameFile(ours, there) || ours.Size() != f.Size {
		return errors.New("another program has changed it: see that no other run uses it")
	}
	_, err = f.Write(text)
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

// Writable checks that a file at the path can be made or added to, and leaves
// nothing there. Ask it before long work whose report goes there.
func Writable(path string) error {
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err == nil {
		err = f.Close()
	}
	if err == nil && missing != nil {
		err = os.Remove(path)
	}
	return err
}
