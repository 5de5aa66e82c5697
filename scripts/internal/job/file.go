package job

import (
	"errors"
	"io/fs"
	"os"
)

// A File is appended to in whole pieces. Each piece is one write, and synced,
// so a killed command loses at most the piece that it was writing. The file is
// open only while a piece is written; its size shows whether another program
// has written to it.
type File struct {
	Path string
	Size int64 // of the whole pieces; 0 for a file that doesn't exist yet
}

// Append adds to the file, or leaves it as it was. It is an error if another
// program has made, written or removed the file.
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
		return errors.Join(err, errors.New("another program has changed the file: make sure that no other run uses it"))
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, f.Cut())
	}
	f.Size += int64(len(text))
	return nil
}

// Cut cuts off what the file has beyond its size. It removes a file of size 0.
func (f *File) Cut() error {
	if f.Size > 0 {
		return os.Truncate(f.Path, f.Size)
	}
	if err := os.Remove(f.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Writable checks that a file at the path can be made or appended to, and
// leaves nothing there. Call it before long work whose report goes there.
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
