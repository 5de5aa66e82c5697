package job

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A Progress says how far a command is: a bar on a terminal, else a line every
// ten seconds. Nothing is drawn but within At and Step, so never beside a
// worker's turn.
type Progress struct {
	w          io.Writer
	bar        *progressbar.ProgressBar // nil without a terminal
	begun      time.Time
	said       time.Time
	done, all  int
	everyLines time.Duration
}

// NewProgress is the progress through so many steps.
func NewProgress(w io.Writer, steps int) *Progress {
	p := &Progress{w: w, begun: time.Now(), said: time.Now(), all: steps, everyLines: 10 * time.Second}
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

// At says what is about to be done: where, as in "round 2 of 10", and what.
func (p *Progress) At(where, what string) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%s, %-28s", where, what))
		return
	}
	if now := time.Now(); now.Sub(p.said) >= p.everyLines {
		p.said = now
		fmt.Fprintf(p.w, "%s, %s left\n", where, p.left())
	}
}

// Step says that so many steps are done.
func (p *Progress) Step(steps int) {
	p.done += steps
	if p.bar != nil {
		p.bar.Add(steps)
	}
}

func (p *Progress) left() time.Duration {
	if p.done == 0 {
		return 0
	}
	perStep := float64(time.Since(p.begun)) / float64(p.done)
	return time.Duration(perStep * float64(max(0, p.all-p.done))).Round(time.Second)
}

// End takes the bar away.
func (p *Progress) End() {
	if p.bar != nil {
		p.bar.Clear()
	}
}
