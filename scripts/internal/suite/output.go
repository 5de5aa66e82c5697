package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/results"
)

// output is the results file of a run: a head and a plan, then the rounds. Each
// round is appended whole.
type output struct {
	file job.File
	next int // the next round, from 1
}

const elsewhere = "choose another place with -o"

// unwritable adds to an error the file that can't be written, and the way out.
func unwritable(path string, err error, wayOut string) error {
	if err != nil {
		err = fmt.Errorf("writing results to %s: %w; %s", path, err, wayOut)
	}
	return err
}

// vacant makes the folder and checks that results can be kept at the path. Call
// it before building a worker.
func vacant(path string, force, resume bool) error {
	wayOut := elsewhere
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		err = errors.New("it is no regular file")
	case err == nil && !force && !resume:
		err, wayOut = fs.ErrExist, "go on with it by -resume, replace it by -force, or choose another with -o"
	case err != nil && resume:
		wayOut = "start it without -resume"
	default:
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = job.Writable(path)
		}
	}
	return unwritable(path, err, wayOut)
}

// openOutput begins the run's results file, or goes on with it. head is the
// configuration; begun says when and where the run began.
func openOutput(o options, head, begun []byte) (out *output, err error) {
	out = &output{job.File{Path: o.out}, 1}
	if o.resume {
		if err = out.resume(o.plan, head); err != nil {
			return nil, fmt.Errorf("resuming %s: %w", o.out, err)
		}
	}
	if o.force || o.resume {
		err = out.file.Cut()
	}
	if err == nil && !o.resume {
		err = out.file.Append(slices.Concat(head, begun, []byte(o.plan.line())))
	}
	return out, unwritable(o.out, err, elsewhere)
}

var (
	planLine = regexp.MustCompile(`(?m)^# plan (.*)\n`)
	endLine  = regexp.MustCompile(`(?m)^# end round \d+\n`)
)

// resume finds the end of the last whole round, or of the plan if there is
// none. The results file must have this plan, machine and build. The cost of
// the clock is no setting, since each run measures it.
func (o *output) resume(plan Plan, head []byte) error {
	text, err := os.ReadFile(o.file.Path)
	if err != nil {
		return err
	}
	var had Plan
	at := planLine.FindSubmatchIndex(text)
	if at == nil || json.Unmarshal(text[at[2]:at[3]], &had) != nil {
		return errors.New("it has no readable plan, so this command didn't begin it; replace it by -force, or start another with -o")
	}
	if had.line() != plan.line() {
		return fmt.Errorf("it was begun as %s; give the same flags, or another file with -o", flags(had))
	}
	was, is := results.Head(bytes.NewReader(text)), results.Head(bytes.NewReader(head))
	is["timer-ns"] = was["timer-ns"]
	for _, key := range results.Differing(was, is) {
		return fmt.Errorf("its %s is %q, here it is %q; another machine or build needs a file of its own: choose it with -o", key, was[key], is[key])
	}
	ends := append([][]int{at}, endLine.FindAllIndex(text, -1)...)
	o.file.Size, o.next = int64(ends[len(ends)-1][1]), len(ends)
	if o.next > 1 {
		_, err = results.Read(bytes.NewReader(text[:o.file.Size]), o.file.Path)
	}
	return err
}

// appendRound adds the next round.
func (o *output) appendRound(text string) error {
	err := o.file.Append([]byte(text))
	if err == nil {
		o.next++
	}
	return unwritable(o.file.Path, err, "the rounds before are whole: fix that and go on with -resume")
}

func flags(p Plan) string {
	long := fmt.Sprintf("-rounds %d", p.Rounds)
	if p.Looks != nil {
		long = "-until " + decided
	}
	return fmt.Sprintf("-profile %s -bench %s %s -cpu %d", p.Profile, commandline.Quote(p.Bench), long, p.CPU)
}
