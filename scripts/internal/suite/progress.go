package suite

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress says how far the run is: a bar on a terminal, else a line every
// ten seconds. It is drawn between two groups only, never beside a worker's
// turn.
type progress struct {
	w          io.Writer
	bar        *progressbar.ProgressBar // nil without a terminal
	begun      time.Time
	said       time.Time
	done, all  int
	rounds     int
	everyLines time.Duration
}

func newProgress(w io.Writer, steps, rounds int) *progress {
	p := &progress{w: w, begun: time.Now(), said: time.Now(), all: steps, rounds: rounds, everyLines: 10 * time.Second}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetWidth(30),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// at says that a round's next group is about to be measured.
func (p *progress) at(round int, what string) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("round %d of %d, %-28s", round, p.rounds, what))
		return
	}
	if now := time.Now(); now.Sub(p.said) >= p.everyLines {
		p.said = now
		fmt.Fprintf(p.w, "round %d of %d, %s left\n", round, p.rounds, p.left())
	}
}

// step says that a group is done.
func (p *progress) step() {
	p.done++
	if p.bar != nil {
		p.bar.Add(1)
	}
}

func (p *progress) left() time.Duration {
	if p.done == 0 {
		return 0
	}
	return (time.Since(p.begun) / time.Duration(p.done) * time.Duration(p.all-p.done)).Round(time.Second)
}

func (p *progress) end() {
	if p.bar != nil {
		p.bar.Clear()
	}
}
