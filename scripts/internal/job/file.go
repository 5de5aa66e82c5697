package job

import "os"

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
