package job

import (
	"errors"
	"io/fs"
	"os"
)

// A File is appended to in whole pieces, each in one write and synced, so that
// a command which is killed loses the piece in flight at the most. It is open
// only while a piece is written: whoever else writes to it is seen by its size.
type File struct {
	Path string
	Size int64 // of what is whole; 0 for a file that is yet to be made
}

// Append adds to the file, or leaves it as it was. A file that somebody else has
// made, written to or removed is an error.
func (f *File) Append(text []byte) error {
	flag := os.O_WRONLY | os.O_APPEND
	if f.Size == 0 {
		flag |= os.O_CREATE | os.O_EXCL
	}
	file, err := os.OpenFile(f.Path, flag, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	if there, err := file.Stat(); err != nil || there.Size() != f.Size {
		return errors.Join(err, errors.New("another program has changed it: see that no other run uses it"))
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, f.Cut())
	}
	f.Size += int64(len(text))
	return nil
}

// Cut cuts off what the file holds beyond its size. A file of which nothing is
// left is removed.
func (f *File) Cut() error {
	if f.Size > 0 {
		return os.Truncate(f.Path, f.Size)
	}
	if err := os.Remove(f.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Writable checks that a file at the path can be made or added to, and leaves
// nothing there. Ask it before long work whose report goes there.
func Writable(path string) error {
	_, missing := os.Stat(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	f.Close()
	if missing != nil {
		err = os.Remove(path)
	}
	return err
}
