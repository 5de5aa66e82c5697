package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	next int       // the round to come, from 1
	log  io.Writer // is told if the file had to be made anew
}

const elsewhere = "choose another place with -o"

// unwritable is why there are no results at a path, and the way out.
func unwritable(path string, err error, wayOut string) error {
	if errors.Is(err, fs.ErrExist) {
		err, wayOut = errors.New("the file exists"), "go on with it by -resume, replace it by -force, or choose another with -o"
	}
	return fmt.Errorf("writing results to %s: %w; %s", path, err, wayOut)
}

// vacant sees that a results file can be made at the path, or be replaced if
// force is set, and makes the folder. It is asked before a worker is built.
func vacant(path string, force bool) error {
	there, err := regular(path)
	if err == nil && there && !force {
		err = fs.ErrExist
	}
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil && !there {
		err = job.Writable(path)
	}
	if err != nil {
		return unwritable(path, err, elsewhere)
	}
	return nil
}

// createOutput makes a new results file and writes its header. A file that
// is there is refused unless force is set; then it is replaced.
func createOutput(path string, header []byte, force bool) (*output, error) {
	there, err := regular(path)
	if err != nil {
		return nil, unwritable(path, err, elsewhere)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, unwritable(path, err, elsewhere)
	}
	mode := os.O_CREATE | os.O_RDWR | os.O_APPEND
	if !force {
		mode |= os.O_EXCL
	}
	f, err := os.OpenFile(path, mode, 0o644)
	if err != nil {
		return nil, unwritable(path, err, elsewhere)
	}
	o := &output{file: &job.File{File: f}, path: path, next: 1, log: io.Discard}
	if err := o.begin(header); err != nil {
		f.Close()
		if !there {
			os.Remove(path)
		}
		return nil, unwritable(path, err, "make room, or "+elsewhere)
	}
	return o, nil
}

// regular reports whether there is a file at the path. What is there and can't
// keep results is an error; to open it might take for ever.
func regular(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil: // if it isn't for want of a file, opening it will say so
		return false, nil
	case info.IsDir():
		return true, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return true, errors.New("it is no regular file, and would keep nothing")
	}
	return true, nil
}

// begin writes the header in the place of what the file holds. That is kept
// until the header has been written behind it: where there is no room, nothing
// is lost.
func (o *output) begin(header []byte) error {
	info, err := o.file.Stat()
	if err != nil {
		return err
	}
	if o.file.Size = info.Size(); o.file.Size > 0 {
		if err := o.file.Append(header); err != nil {
			return err
		}
		o.file.Size = 0
		if err := o.file.Truncate(0); err != nil {
			return err
		}
	}
	return o.file.Append(header)
}

// appendRound adds the next round.
func (o *output) appendRound(text string) error {
	if err := o.keep(); err != nil {
		return err
	}
	if err := o.file.Append([]byte(text)); err != nil {
		return fmt.Errorf("writing results to %s: %w; the rounds that it holds are whole: make room and go on with -resume", o.path, err)
	}
	o.next++
	return nil
}

// keep sees to it that the rounds so far stand in a file at the path. One that
// was removed is made anew; beside one that was put in its place, under another
// name. A file that somebody else has written to is an error.
func (o *output) keep() error {
	ours, err := o.file.Stat()
	if err != nil {
		return fmt.Errorf("writing results to %s: %w", o.path, err)
	}
	if ours.Size() != o.file.Size {
		return fmt.Errorf("writing results to %s: another program has written to it: it has %d bytes, and %d when this run left it; see that no other run goes on with it, then go on with -resume", o.path, ours.Size(), o.file.Size)
	}
	if there, err := os.Stat(o.path); err == nil && os.SameFile(ours, there) {
		return nil
	}
	text, err := io.ReadAll(o.text())
	if err != nil {
		return fmt.Errorf("writing results to %s: it was removed; reading what it held: %w", o.path, err)
	}
	path := o.path
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); err != nil {
			break // free, or the next to open it says why it isn't
		}
		ext := filepath.Ext(o.path)
		path = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(o.path, ext), n, ext)
	}
	anew, err := createOutput(path, text, false)
	if err != nil {
		return fmt.Errorf("%s was removed: %w", o.path, err)
	}
	fmt.Fprintf(o.log, "%s was removed or replaced; all rounds are now in %s\n", o.path, path)
	o.file.Close()
	o.file, o.path = anew.file, path
	return nil
}

// text is what is whole of the file, wherever its path leads by now.
func (o *output) text() io.Reader { return io.NewSectionReader(o.file, 0, o.file.Size) }

// resumeOutput opens the results file of an earlier run of the same plan and
// configuration, cuts off a round that never ended, and goes on after the
// last whole one. head is what it begins with if that run was killed before
// it had written its plan; begun follows the plan.
func resumeOutput(path string, plan Plan, head, begun []byte) (*output, error) {
	fail := func(err error, wayOut string) (*output, error) {
		return nil, fmt.Errorf("resuming %s: %w; %s", path, err, wayOut)
	}
	const another = "start another file with -o"
	if _, err := regular(path); err != nil {
		return fail(err, another)
	}
	const forbidden = "see that it may be read and written"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrPermission) {
		return fail(err, forbidden)
	}
	if err != nil {
		return fail(err, "start it without -resume")
	}
	was, round, whole, err := wholeRounds(text)
	none := errors.Is(err, errNoPlan) && tornHead(text, head)
	switch {
	case none:
	case err != nil:
		return fail(err, another)
	case was != plan:
		return fail(fmt.Errorf("it was begun as %s", flags(was)), "give the same flags, or another file with -o")
	case round > 0:
		if _, err := results.Read(bytes.NewReader(text[:whole]), path); err != nil {
			return nil, err
		}
	}
	if err := sameMachine(text, head); err != nil && !none {
		return fail(err, "another machine or build needs a file of its own: choose it with -o")
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return fail(err, forbidden)
	}
	o := &output{file: &job.File{File: f, Size: int64(whole)}, path: path, next: round + 1, log: io.Discard}
	if none {
		err = o.begin(slices.Concat(head, []byte(plan.line()), begun))
	} else {
		err = o.file.Truncate(o.file.Size)
	}
	if err != nil {
		f.Close()
		return fail(err, "make room, or "+another)
	}
	return o, nil
}

var errNoPlan = errors.New("it has no plan, so no run of this command began it")

// tornHead reports whether the text is what a run has left that was stopped as
// it wrote its first lines, which are a head like this one and a plan.
func tornHead(text, head []byte) bool {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	n := min(len(text), len(first))
	return bytes.Equal(text[:n], first[:n]) && !bytes.Contains(text, []byte("\nBenchmark")) && !bytes.Contains(text, []byte("\n# round "))
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
			return plan, 0, 0, fmt.Errorf("its plan can't be read: %w", err)
		}
		found = true
		break
	}
	if !found {
		return plan, 0, 0, errNoPlan
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
// file, or only one of the two has it. The cost of the clock is measured, and
// may come out otherwise.
func sameMachine(file, head []byte) error {
	was, is := maps.Collect(settings(file)), maps.Collect(settings(head))
	for _, of := range []map[string]string{is, was} {
		for _, key := range slices.Sorted(maps.Keys(of)) {
			if key != "timer-ns" && was[key] != is[key] {
				return fmt.Errorf("its %s is %q, here it is %q", key, was[key], is[key])
			}
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
	return fmt.Sprintf("-profile %s -bench %s -rounds %d -cpu %d", p.Profile, quote(p.Bench), p.Rounds, p.CPU)
}

var plain = regexp.MustCompile(`^[\w./\\:=,@%+-]+$`)

// quote is an argument as a shell takes it.
func quote(arg string) string {
	if plain.MatchString(arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
