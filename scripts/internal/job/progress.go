package job

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// A Progress says how far a command is: a bar on a terminal, else a line every
// ten seconds. Nothing is drawn but within At and Step, so never beside a
// worker's turn.
type Progress struct {
	w          io.Writer
	width      int    // columns of the terminal, 0 without one
	at         string // what is being done
	begun      time.Time
	said       time.Time
	done, all  int
	everyLines time.Duration
}

// NewProgress is the progress through so many steps.
func NewProgress(w io.Writer, steps int) *Progress {
	p := &Progress{w: w, begun: time.Now(), said: time.Now(), all: steps, everyLines: 10 * time.Second}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = 80
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			p.width = columns
		}
	}
	return p
}

// At says what is about to be done: where, as in "round 2 of 10", and what.
func (p *Progress) At(where, what string) {
	if p.width > 0 {
		p.at = where + ", " + what
		p.draw()
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
	if p.width > 0 {
		p.draw()
	}
}

// draw replaces the terminal's line by the bar: its share, what is left, and
// what is being done. It ends a column early, since a full line would wrap.
func (p *Progress) draw() {
	const cells = 30
	share := float64(min(p.done, p.all)) / float64(max(p.all, 1))
	full := int(share * cells)
	line := fmt.Sprintf("%3.0f%% [%s%s] %v left, %s", 100*share, strings.Repeat("=", full), strings.Repeat(" ", cells-full), p.left(), p.at)
	fmt.Fprintf(p.w, "\r%s\x1b[K", line[:min(len(line), p.width-1)])
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
	if p.width > 0 {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
