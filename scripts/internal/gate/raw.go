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

// raw are the raw rounds as they are kept: a file for each arm, in the format
// that benchstat reads, each round appended to each as it ends.
type raw struct {
	dir   string
	files [arms]job.File
}

// rawFolder is where the raw rounds go by default.
func rawFolder(o options, root string) string {
	if o.out != "" {
		return o.out
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	name := "gate-" + time.Now().Format("2006-01-02-150405") + "-" + host
	if o.pkg != "" {
		return name
	}
	return filepath.Join(root, "results", "local", name)
}

func rawPath(dir string, arm int) string { return filepath.Join(dir, armNames[arm]+".txt") }

// free is an error if the folder holds raw rounds already.
func free(dir string, force bool) error {
	for arm := range arms {
		if _, err := os.Stat(rawPath(dir, arm)); err == nil && !force {
			return fmt.Errorf("keeping the raw rounds in %s: it holds %s.txt already; replace it by -force, or choose another folder with -o", dir, armNames[arm])
		}
	}
	return nil
}

// createRaw makes the files, each with its head.
func createRaw(dir string, heads [arms][]byte, comment string, force bool) (*raw, error) {
	if err := free(dir, force); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("keeping the raw rounds in %s: %w; choose another folder with -o", dir, err)
	}
	w := &raw{dir: dir}
	for arm := range arms {
		f := &w.files[arm]
		f.Path = rawPath(dir, arm)
		var err error
		if force {
			err = f.Cut()
		}
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

// benchstat is the command that shows the raw rounds; what the two sides'
// configurations differ in would keep it from comparing anything.
func (w *raw) benchstat() string {
	ignore := differing(rawPath(w.dir, baseArm), rawPath(w.dir, headArm))
	flags := ""
	if len(ignore) > 0 {
		flags = "-ignore " + strings.Join(ignore, ",") + " "
	}
	return fmt.Sprintf("benchstat %s%s %s", flags, rawPath(w.dir, baseArm), rawPath(w.dir, headArm))
}

// differing are the configuration keys that differ between two raw files, as
// benchstat's -ignore takes them.
func differing(base, head string) []string {
	return results.Differing(configuration(base), configuration(head))
}

// configuration is that of a raw file, empty if the file can't be read.
func configuration(path string) map[string]string {
	text, _ := os.ReadFile(path)
	return results.Head(bytes.NewReader(text))
}
