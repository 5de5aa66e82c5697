package gate

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/results"
)

// raw keeps the raw rounds: one file for each arm, in benchstat's format. Each
// round is appended as it ends.
type raw struct {
	dir   string
	files [arms]job.File
}

// rawFolder is the folder for the raw rounds; head is head's folder. It is an
// error if the folder has raw rounds already.
func rawFolder(o options, head string) (string, error) {
	if o.out == "" {
		host, err := os.Hostname()
		if err != nil {
			host = "unknown"
		}
		dir := "gate-" + time.Now().Format("2006-01-02-150405") + "-" + host
		if o.head != "" || o.headDir != "" {
			head = "."
		}
		if o.pkg == "" {
			dir = filepath.Join(head, "results", "local", dir)
		}
		return dir, nil
	}
	for arm := range arms {
		if _, err := os.Stat(rawPath(o.out, arm)); err == nil && !o.force {
			return "", fmt.Errorf("keeping the raw rounds in %s: it holds %s.txt already; replace it by -force, or choose another folder with -o", o.out, armNames[arm])
		}
	}
	return o.out, nil
}

func rawPath(dir string, arm int) string { return filepath.Join(dir, armNames[arm]+".txt") }

// createRaw makes the files, each with its head.
func createRaw(dir string, heads [arms][]byte, comment string) (*raw, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("keeping the raw rounds in %s: %w; choose another folder with -o", dir, err)
	}
	w := &raw{dir: dir}
	for arm := range arms {
		f := &w.files[arm]
		f.Path = rawPath(dir, arm)
		err := f.Cut() // replacing them needs -force, which rawFolder has checked
		if err == nil {
			err = f.Append(slices.Concat(heads[arm], []byte(comment)))
		}
		if err != nil {
			return nil, fmt.Errorf("keeping the raw rounds in %s: %w; make room, or choose another folder with -o", dir, err)
		}
	}
	return w, nil
}

// append keeps a round of each arm.
func (w *raw) append(round int, about [arms]string, lines [arms]string) error {
	var errs []error
	for arm := range w.files {
		text := fmt.Sprintf("# round %d: %s\n%s# end round %d\n", round, about[arm], lines[arm], round)
		errs = append(errs, w.files[arm].Append([]byte(text)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("keeping the raw rounds in %s: %w; the rounds before are whole", w.dir, err)
	}
	return nil
}

// benchstat is the command that shows the raw rounds. It ignores the
// configuration keys in which the two sides differ: benchstat would compare
// nothing otherwise.
func (w *raw) benchstat() string {
	base, head, flags := rawPath(w.dir, baseArm), rawPath(w.dir, headArm), ""
	if ignore := results.Differing(configuration(base), configuration(head)); len(ignore) > 0 {
		flags = "-ignore " + strings.Join(ignore, ",") + " "
	}
	return fmt.Sprintf("benchstat %s%s %s", flags, base, head)
}

// configuration is the configuration of a raw file, empty if the file can't be
// read.
func configuration(path string) map[string]string {
	text, _ := os.ReadFile(path)
	return results.Head(bytes.NewReader(text))
}
