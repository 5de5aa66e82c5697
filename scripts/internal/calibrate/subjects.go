package calibrate

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"threadbench/scripts/internal/job"
)

// A subject is what the gate measures: our own rows, or some benchmarks of a
// foreign module.
type subject struct {
	name   string // in plans
	about  string
	module string // PATH@VERSION; "" for our own rows
	pkg    string // for gate -pkg
	bench  string // for gate -bench
}

// own is the name of the subject that is the gate's default rows.
const own = "own"

// subjects are all subjects; the foreign ones are of different kinds. Their
// benchmarks take about 50 ns to 50 µs an iteration. An injected slowdown needs
// many iterations a measurement, and adds a nanosecond to each iteration on
// both sides.
var subjects = []subject{
	{own, "is the gate's four default rows", "", "", ""},
	{"xxhash", "computes in the cache", "github.com/cespare/xxhash/v2@v2.3.0", ".", "^Benchmark(Sum64|DigestBytes|DigestString)$/^4KB$"},
	{"toml", "allocates and collects garbage", "github.com/pelletier/go-toml/v2@v2.2.4", "./benchmark", "^BenchmarkUnmarshal$/^(SimpleDocument|ReferenceFile)$/^(struct|map)$"},
	{"btree", "follows pointers", "github.com/google/btree@v1.1.3", ".", "^Benchmark(SeekG|DeleteInsertG|AscendRangeG|DescendRange)$"},
}

// String says what the subject measures: the gate's default rows, or a
// module's.
func (s subject) String() string {
	if s.module == "" {
		return "gate"
	}
	return fmt.Sprintf("%s -pkg %s -bench '%s'", s.module, s.pkg, s.bench)
}

func subjectOf(name string) (subject, error) {
	var names []string
	for _, s := range subjects {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return subject{}, fmt.Errorf("%q is no subject; choose one of %s", name, strings.Join(names, ", "))
}

// A place is where a subject's runs are made.
type place struct {
	subject
	gate []string // the part of the command line that all its runs have in common
	dir  string   // the package's folder; "" for our own rows
	temp string   // temporary folder
}

// placeOf fetches a subject's module and copies it below temp. own is the
// gate's command line for our own rows.
func placeOf(ctx context.Context, s subject, own []string, temp string) (*place, error) {
	if s.module == "" {
		return &place{subject: s, gate: own, temp: temp}, nil
	}
	text, err := job.Output(ctx, temp, job.GoEnviron(temp), "go", "mod", "download", "-json", s.module)
	if err != nil {
		return nil, fmt.Errorf("fetching %s: %w; it takes a network, or GOPROXY and GOFLAGS that find it, once", s.module, err)
	}
	var got struct{ Dir string }
	dir := filepath.Join(temp, s.name)
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		return nil, fmt.Errorf("fetching %s: %w: %s", s.module, err, text)
	}
	if err := os.CopyFS(dir, os.DirFS(got.Dir)); err != nil {
		return nil, fmt.Errorf("copying %s: %w; make room in TMPDIR", s.module, err)
	}
	return s.at(dir, temp), nil
}

// at is the place of a foreign subject whose module lies in dir.
func (s subject) at(dir, temp string) *place {
	return &place{s, []string{"-base-dir", dir, "-head-dir", dir, "-pkg", s.pkg, "-bench", s.bench}, filepath.Join(dir, s.pkg), temp}
}

// sideVariable differs between base and head, by values of one length. Nothing
// reads it. Without a difference the gate would pass the sides without
// measuring.
const sideVariable = "THREADBENCH_SIDE"

// args are the gate's arguments for a run of the cell; rounds is a folder for
// the raw rounds. Our own rows are slowed by the gate's -inject, a foreign
// package's by an overlay of its sources. Base has an overlay, too: the same
// code with another constant.
func (p *place) args(ctx context.Context, c cell, rounds string) ([]string, error) {
	args := append(p.gate[:len(p.gate):len(p.gate)], "-o", rounds)
	if c.margin > 0 {
		args = append(args, "-margin", strconv.FormatFloat(100*c.margin, 'g', 6, 64)+"%")
	}
	sides := func(base, head string) []string { return append(args, "-base-env", base, "-head-env", head) }
	switch {
	case c.inject == 0:
		return sides(sideVariable+"=base", sideVariable+"=head"), nil
	case p.module == "":
		return append(args, "-inject", ".="+strconv.FormatFloat(1+c.inject, 'g', 10, 64)), nil
	}
	flags, err := job.Output(ctx, p.dir, nil, "go", "env", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	every, err := period(c.inject)
	if err != nil {
		return nil, err
	}
	base, head, err := overlays(p.dir, p.bench, filepath.Join(p.temp, fmt.Sprintf("%s-%d", p.name, every)), every)
	if err != nil {
		return nil, fmt.Errorf("slowing %s down: %w", p.name, err)
	}
	with := func(overlay string) string { return "GOFLAGS=" + strings.TrimSpace(flags+" '-overlay="+overlay+"'") }
	return sides(with(base), with(head)), nil
}
