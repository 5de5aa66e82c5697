package suite

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A Progress says how far the run is: a bar on a terminal, else a line every
// ten seconds. It is drawn between two groups only, never beside a worker's
// turn.
type Progress struct {
	w          io.Writer
	bar        *progressbar.ProgressBar // nil without a terminal
	begun      time.Time
	said       time.Time
	done, all  int
	rounds     int
	everyLines time.Duration
}

// NewProgress is of so many groups in all, in so many rounds.
func NewProgress(w io.Writer, steps, rounds int) *Progress {
	p := &Progress{w: w, begun: time.Now(), said: time.Now(), all: steps, rounds: rounds, everyLines: 10 * time.Second}
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

// At says that a round's next group is about to be measured.
func (p *Progress) At(round int, what string) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("round %d of %d, %-28s", round, p.rounds, what))
		return
	}
	if now := time.Now(); now.Sub(p.said) >= p.everyLines {
		p.said = now
		fmt.Fprintf(p.w, "round %d of %d, %s left\n", round, p.rounds, p.left())
	}
}

// Step says that a group is done.
func (p *Progress) Step() {
	p.done++
	if p.bar != nil {
		p.bar.Add(1)
	}
}

func (p *Progress) left() time.Duration {
	if p.done == 0 {
		return 0
	}
	return (time.Since(p.begun) / time.Duration(p.done) * time.Duration(p.all-p.done)).Round(time.Second)
}

// End takes the bar away.
func (p *Progress) End() {
	if p.bar != nil {
		p.bar.Clear()
	}
}
