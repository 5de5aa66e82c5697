package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/results"
)

// output is the results file of a run: a header, then one round after the
// other, each appended in one write and synced, so that a run which is killed
// loses the round in flight at the most.
type output struct {
	file *job.File
	path string
	next int // the round to come, from 1
}

// createOutput makes a new results file and writes its header. A file that
// is there is refused unless force is set; then it is replaced.
func createOutput(path string, header []byte, force bool) (*output, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("writing results to %s: %w; choose another place with -o", path, err)
	}
	mode := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if force {
		mode |= os.O_TRUNC
	} else {
		mode |= os.O_EXCL
	}
	f, err := os.OpenFile(path, mode, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("writing results to %s: the file exists; go on with it by -resume, replace it by -force, or choose another with -o", path)
	}
	if err != nil {
		return nil, fmt.Errorf("writing results to %s: %w; choose another place with -o", path, err)
	}
	o := &output{file: &job.File{File: f}, path: path, next: 1}
	if err := o.file.Append(header); err != nil {
		f.Close()
		if !force {
			os.Remove(path)
		}
		return nil, fmt.Errorf("writing results to %s: %w; make room, or choose another place with -o", path, err)
	}
	return o, nil
}

// appendRound adds the next round.
func (o *output) appendRound(text string) error {
	if err := o.file.Append([]byte(text)); err != nil {
		return fmt.Errorf("writing results to %s: %w; the rounds that it holds are whole: make room and go on with -resume", o.path, err)
	}
	o.next++
	return nil
}

// resumeOutput opens the results file of an earlier run of the same plan and
// configuration, cuts off a round that never ended, and goes on after the
// last whole one.
func resumeOutput(path string, plan Plan, head []byte) (*output, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("resuming %s: %w; start it without -resume", path, err)
	}
	was, round, whole, err := wholeRounds(text)
	if err != nil {
		return nil, fmt.Errorf("resuming %s: %w", path, err)
	}
	if was != plan {
		return nil, fmt.Errorf("resuming %s: it was begun as %s; give the same flags, or another file with -o", path, flags(was))
	}
	if round > 0 {
		if _, err := results.Read(bytes.NewReader(text[:whole]), path); err != nil {
			return nil, err
		}
	}
	if err := sameMachine(text, head); err != nil {
		return nil, fmt.Errorf("resuming %s: %w; another machine or build needs a file of its own: choose it with -o", path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("resuming %s: %w", path, err)
	}
	if err := f.Truncate(int64(whole)); err != nil {
		f.Close()
		return nil, fmt.Errorf("resuming %s: cutting off the round in flight: %w", path, err)
	}
	return &output{file: &job.File{File: f, Size: int64(whole)}, path: path, next: round + 1}, nil
}

// wholeRounds finds the plan of a results file, the number of its last whole
// round, and where that one (or, without any, the header) ends.
func wholeRounds(text []byte) (plan Plan, round, whole int, err error) {
	found := false
	for line := range bytes.Lines(text) {
		whole += len(line)
		rest, ok := bytes.CutPrefix(line, []byte("# plan "))
		if !ok || !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		if plan, err = parsePlan(string(rest)); err != nil {
			return plan, 0, 0, fmt.Errorf("its plan can't be read: %w; start another file with -o", err)
		}
		found = true
		break
	}
	if !found {
		return plan, 0, 0, errors.New("it has no plan, so no run of this command began it; start another file with -o")
	}
	end := whole
	for line := range bytes.Lines(text[whole:]) {
		end += len(line)
		var k int
		if n, _ := fmt.Sscanf(string(line), "# end round %d\n", &k); n == 1 && bytes.HasSuffix(line, []byte("\n")) {
			round, whole = k, end
		}
	}
	return plan, round, whole, nil
}

// sameMachine is an error if a setting of the head differs from the one in the
// file. The cost of the clock is measured, and may come out otherwise.
func sameMachine(file, head []byte) error {
	was := maps.Collect(settings(file))
	for key, value := range settings(head) {
		if key != "timer-ns" && was[key] != value {
			return fmt.Errorf("its %s is %q, here it is %q", key, was[key], value)
		}
	}
	return nil
}

// settings are the configuration that a results file begins with.
func settings(file []byte) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for line := range strings.Lines(string(file)) {
			if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "Benchmark") {
				return
			}
			if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !yield(key, value) {
				return
			}
		}
	}
}

func flags(p Plan) string {
	return fmt.Sprintf("-profile %s -bench %q -rounds %d -cpu %d", p.Profile, p.Bench, p.Rounds, p.CPU)
}
