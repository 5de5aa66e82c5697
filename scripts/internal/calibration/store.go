package calibration

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"threadbench/scripts/internal/job"
)

// A Store is a data file that runs are added to.
type Store struct {
	*File
	file *job.File
	own  *Session
}

// OpenStore opens the data file at path, which is made if there is none, to
// go on with it: what is torn at its end is cut off, which File.Torn tells
// of. Runs added are of the session, whose machine must be that of the
// sessions before it.
func OpenStore(path string, session *Session) (*Store, error) {
	fail := func(err error) (*Store, error) {
		return nil, fmt.Errorf("keeping calibration data in %s: %w; choose another file with -data", path, err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fail(errors.New("it is no regular file"))
	}
	f := &File{Name: path}
	size := int64(0)
	switch text, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fail(err)
	default:
		if f, err = Read(bytes.NewReader(text), path); err != nil {
			return nil, err
		}
		size = int64(len(text) - f.Torn)
	}
	for _, s := range f.Sessions {
		if key, was, is := s.Differs(session.Config); key != "" {
			return fail(fmt.Errorf("it is another machine's: its %s is %q, here it is %q", key, was, is))
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fail(err)
	}
	opened, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return fail(err)
	}
	file := &job.File{File: opened, Size: size}
	if f.Torn > 0 {
		if err := file.Truncate(size); err != nil {
			file.Close()
			return fail(err)
		}
	}
	return &Store{File: f, file: file, own: session}, nil
}

// Add keeps a run, or leaves the file as it was. The session is written before
// its first run, so that one without runs leaves no trace.
func (s *Store) Add(run *Run) error {
	if err := s.add(run); err != nil {
		return fmt.Errorf("keeping calibration data in %s: %w; the %d runs before are whole", s.Name, err, len(s.Runs))
	}
	return nil
}

func (s *Store) add(run *Run) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != s.file.Size {
		return fmt.Errorf("another program has written to it: it has %d bytes, and %d when this one left it; see that no other calibrate goes on with it", info.Size(), s.file.Size)
	}
	run.Session = s.own
	if err := run.check(); err != nil {
		return err
	}
	text, err := line(run)
	if err != nil {
		return err
	}
	known := len(s.Sessions) > 0 && s.Sessions[len(s.Sessions)-1] == s.own
	if !known {
		head, err := line(s.own)
		if err != nil {
			return err
		}
		text = append(head, text...)
	}
	if err := s.file.Append(text); err != nil {
		return err
	}
	if !known {
		s.Sessions = append(s.Sessions, s.own)
	}
	s.Runs = append(s.Runs, run)
	return nil
}

// Close closes the file; one that holds nothing goes.
func (s *Store) Close() error {
	if s.file.Size == 0 {
		os.Remove(s.Name)
	}
	return s.file.Close()
}
