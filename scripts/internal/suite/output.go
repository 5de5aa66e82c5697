package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/results"
)

// output is the results file of a run: a head and a plan, then one round after
// the other, each appended whole.
type output struct {
	file *job.File
	next int // the round to come, from 1
}

const elsewhere = "choose another place with -o"

// vacant makes the folder and checks that results can be kept at the path. It
// is asked before a worker is built.
func vacant(path string, force, resume bool) error {
	wayOut := elsewhere
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("it is no regular file")
	case err == nil && !force && !resume:
		err, wayOut = errors.New("the file exists"), "go on with it by -resume, replace it by -force, or choose another with -o"
	case errors.Is(err, fs.ErrNotExist) && resume:
		wayOut = "start it without -resume"
	default:
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = job.Writable(path)
		}
	}
	if err != nil {
		return fmt.Errorf("writing results to %s: %w; %s", path, err, wayOut)
	}
	return nil
}

// openOutput opens the run's results file, new or to be resumed. head is the
// configuration, begun says when and where the run began.
func openOutput(o options, head, begun []byte) (*output, error) {
	mode, round, whole, err := os.O_CREATE|os.O_EXCL, 0, 0, error(nil)
	switch {
	case o.force:
		mode = os.O_CREATE
	case o.resume:
		mode = 0
		if round, whole, err = resumable(o.out, o.plan, head); err != nil {
			return nil, err
		}
	}
	file, err := job.OpenFile(o.out, mode, int64(whole))
	if err == nil && !o.resume {
		if err = file.Append(slices.Concat(head, begun, []byte(o.plan.line()))); err != nil {
			err = errors.Join(err, file.Close(), os.Remove(o.out))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("writing results to %s: %w; %s", o.out, err, elsewhere)
	}
	return &output{file, round + 1}, nil
}

// resumable checks that the results file is of this plan on this machine. The
// answers are its last whole round and where that ends.
func resumable(path string, plan Plan, head []byte) (round, whole int, err error) {
	text, err := os.ReadFile(path)
	var was Plan
	if err == nil {
		was, round, whole, err = wholeRounds(text)
	}
	if err == nil {
		err = sameMachine(text, head)
	}
	switch {
	case err != nil:
	case was != plan:
		err = fmt.Errorf("it was begun as %s; give the same flags, or another file with -o", flags(was))
	case round > 0:
		_, err = results.Read(bytes.NewReader(text[:whole]), path)
	}
	if err != nil {
		err = fmt.Errorf("resuming %s: %w", path, err)
	}
	return round, whole, err
}

// appendRound adds the next round.
func (o *output) appendRound(text string) error {
	if err := o.file.Append([]byte(text)); err != nil {
		return fmt.Errorf("writing results to %s: %w; the rounds before are whole: mend that and go on with -resume", o.file.Name(), err)
	}
	o.next++
	return nil
}

// text is what the file holds.
func (o *output) text() io.Reader { return io.NewSectionReader(o.file, 0, o.file.Size) }

var (
	planLine = regexp.MustCompile(`(?m)^# plan (.*)\n`)
	endLine  = regexp.MustCompile(`(?m)^# end round (\d+)\n`)
)

// wholeRounds finds the plan of a results file, the number of its last whole
// round, and where that round ends; without a whole round, where the plan does.
func wholeRounds(text []byte) (plan Plan, round, whole int, err error) {
	at := planLine.FindSubmatchIndex(text)
	if at == nil {
		return plan, 0, 0, errors.New("it has no plan, so no run of this command began it; replace it by -force, or start another with -o")
	}
	if plan, err = parsePlan(string(text[at[2]:at[3]])); err != nil {
		return plan, 0, 0, fmt.Errorf("its plan can't be read: %w; start another file with -o", err)
	}
	whole = at[1]
	for _, at := range endLine.FindAllSubmatchIndex(text, -1) {
		round, _ = strconv.Atoi(string(text[at[2]:at[3]]))
		whole = at[1]
	}
	return plan, round, whole, nil
}

// sameMachine is an error that names a setting in which two heads differ, but
// for the cost of the clock, which is measured for each.
func sameMachine(file, head []byte) error {
	was, is := results.Head(bytes.NewReader(file)), results.Head(bytes.NewReader(head))
	is["timer-ns"] = was["timer-ns"]
	for _, key := range results.Differing(was, is) {
		return fmt.Errorf("its %s is %q, here it is %q; another machine or build needs a file of its own: choose it with -o", key, was[key], is[key])
	}
	return nil
}

func flags(p Plan) string {
	return fmt.Sprintf("-profile %s -bench %s -rounds %d -cpu %d", p.Profile, commandline.Quote(p.Bench), p.Rounds, p.CPU)
}
