package job

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// A Progress shows how far a command is: as a bar on a terminal, else as a line
// every ten seconds. It draws only within At and Step, so never during a
// worker's turn.
type Progress struct {
	w          io.Writer
	width      int    // columns of the terminal; 0 without one
	at         string // what is being done
	begun      time.Time
	said       time.Time
	done, all  int
	everyLines time.Duration
}

// NewProgress is a progress through that many steps.
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

// At says what comes next: where, as in "round 2 of 10", and what.
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

// draw draws the bar on the terminal's line: the share done, the time left, and
// what is being done. The bar leaves the last column free, since a full line
// would wrap.
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

// End removes the bar.
func (p *Progress) End() {
	if p.width > 0 {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
