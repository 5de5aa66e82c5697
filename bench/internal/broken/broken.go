// Package broken is for tests that break the mechanism that a row measures,
// such as a poller that takes a thread for each connection. The figures of such
// an arm go the way of every figure: past the case's evidence, which must
// accept them, and onto a benchmark line. The ledger of claims judges these
// lines (scripts/internal/claims, TestBrokenMechanisms). It runs the tests
// named TestBroken and names a folder for the lines.
//
// It imports lockstep and measure.
package broken

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// Folder is the environment variable that names the folder for the lines: a
// file for each broken mechanism.
const Folder = "THREADBENCH_TEST_BROKEN"

// Row measures a broken arm in the place of a family's row, and writes its
// line. It fails the test if the evidence refuses the arm. what names the
// mechanism and how it is broken.
func Row(t *testing.T, family measure.Family, name, what string, open func() (measure.Measurement, error)) {
	t.Helper()
	c, ok := measure.Families{family}.Lookup(name)
	if !ok {
		t.Fatalf("no case %s", name)
	}
	m, err := open()
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		t.Skip(skip.Reason)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Measure()
	if err := errors.Join(err, m.Close()); err != nil {
		t.Fatalf("%s, %s: %v", name, what, err)
	}
	if proven, err := c.Check(s.Ops, s.Counts); err != nil || !proven {
		t.Fatalf("%s, %s: its evidence decides, so the ledger can't: proven %t, %v", name, what, proven, err)
	}
	line := measure.Reading{Ops: s.Ops, Figures: measure.Figures(s.Ops, s.Counts, s.Figures)}.Line(c.Name)
	t.Logf("%s: %s", what, line)
	dir := os.Getenv(Folder)
	if dir == "" {
		return
	}
	f, err := os.OpenFile(filepath.Join(dir, what), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(line)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}
