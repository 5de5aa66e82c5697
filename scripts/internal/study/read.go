package study

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/results"
)

// near is how near to 1 a factor's interval has to stay for "no change".
const near = 0.02

// A report is what a table needs of the gate's report (verdict.Report.JSON).
type report struct {
	Version     int
	Plan        string
	Alpha       float64
	Rows        []rowReport
	Missing     []struct{ Name, Why string }
	Remarks     []struct{ Level, Text string }
	Disturbance struct {
		Seconds float64
		Steal   *float64
	}

	part   part
	config map[string]string // of base's raw rounds
}

type rowReport struct {
	Name                         string
	Unit                         string
	Why                          string
	RoundsBase, RoundsHead       int
	Base, Head, Ratio, Low, High *float64
	Control                      *struct{ Sees bool }
}

// A cell is a row in a comparison.
type cell struct {
	name      catalog.Name
	unit      string
	rounds    int
	base      float64 // medians, in the unit
	head      float64
	ratio     float64 // head over base
	low, high float64
	doubt     string // why nothing is proven, whatever the interval says; "" for no doubt
}

// proven tells whether the interval excludes 1, and nothing else speaks against
// the row.
func (c cell) proven() bool { return c.doubt == "" && (c.low > 1 || c.high < 1) }

// beyond tells whether the row is proven to have moved by more than a share.
func (c cell) beyond(share float64) bool {
	return c.proven() && (c.low > 1+share || c.high < 1/(1+share))
}

// undecided tells whether the row may have moved by more than near and isn't
// proven to have moved at all.
func (c cell) undecided() bool {
	return !c.proven() && !(c.doubt == "" && c.low > 1/(1+near) && c.high < 1+near)
}

// read reads the reports of the study's comparisons that are there. The others
// are lacking.
func (s study) read(folder string) (all []*report, lacking []part, err error) {
	for _, p := range s.parts {
		r, err := p.read(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			lacking = append(lacking, p)
		case err != nil:
			return nil, nil, err
		default:
			all = append(all, r)
		}
	}
	return all, lacking, nil
}

func (p part) read(folder string) (*report, error) {
	path := p.report(folder)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &report{part: p}
	again := fmt.Sprintf("measure it anew: go run ./scripts/study -only %s %s", p.name, filepath.Base(folder))
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s is no report of the gate: %w; %s", path, err, again)
	}
	if r.Version != verdict.Version {
		return nil, fmt.Errorf("%s has version %d of the gate's report, and this command reads %d; %s", path, r.Version, verdict.Version, again)
	}
	raw := filepath.Join(folder, p.name, "base.txt")
	f, err := os.Open(raw)
	if err != nil {
		return nil, fmt.Errorf("%s is there without its raw rounds %s: %v; bring them back, or %s", path, raw, err, again)
	}
	defer f.Close()
	r.config = results.Head(f)
	return r, nil
}

// cells are the rows of the comparison that have figures.
func (r *report) cells() (all []cell, err error) {
	for _, row := range r.Rows {
		name, err := catalog.ParseName(row.Name)
		if err != nil {
			return nil, fmt.Errorf("%s.json: %w", r.part.name, err)
		}
		if row.Ratio == nil || row.Base == nil || row.Head == nil {
			continue
		}
		c := cell{name: name, unit: row.Unit, rounds: min(row.RoundsBase, row.RoundsHead), base: *row.Base, head: *row.Head, ratio: *row.Ratio, low: 0, high: math.Inf(1)}
		if row.Low != nil {
			c.low = *row.Low
		}
		if row.High != nil {
			c.high = *row.High
		}
		switch {
		case row.Control != nil && row.Control.Sees:
			c.doubt = "base differs from itself in another layout"
		case row.Why != "":
			c.doubt = row.Why
		}
		all = append(all, c)
	}
	return all, nil
}

// without are the rows of the comparison that have no figure, with the reason.
func (r *report) without(have []cell) (all []string) {
	for _, name := range r.part.rows {
		why := ""
		for _, m := range r.Missing {
			if m.Name == name || strings.HasPrefix(m.Name, "Benchmark"+name+" ") || m.Name == "Benchmark"+name {
				why = m.Why
			}
		}
		there := false
		for _, c := range have {
			there = there || c.name.String() == name
		}
		if !there {
			if why == "" {
				why = "it isn't in the report"
			}
			all = append(all, fmt.Sprintf("%s: %s", name, why))
		}
	}
	return all
}

// took is how long the rounds took.
func (r *report) took() time.Duration {
	return time.Duration(r.Disturbance.Seconds * float64(time.Second)).Round(time.Minute)
}
