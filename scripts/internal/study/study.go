// Package study is what the study command does: it measures a study, one
// comparison after the other, and makes the study's table and pictures of the
// files that this leaves.
//
// Its stance: a study is data (definitions.go), and what it measures is the
// gate's and run's own. Its page is written by hand, apart from the tables
// between two marks. The same files give the same bytes.
//
// It imports the gate and the suite, whose command lines it uses (gate.Measure,
// suite.Run), results and verdict, which read what they left, chart for the
// pictures, and catalog, commandline, job, paired, prose and summary.
package study

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/suite"
)

const usage = `study measures a study anew, or makes its tables and pictures of the files that it left.

  go run ./scripts/study go127                 measure what results/go127 lacks, and make its page
  go run ./scripts/study -only tasks go127     measure the comparison "tasks" of it anew
  go run ./scripts/study -n go127              print the command lines, measure nothing
  go run ./scripts/study -analyse              make the tables and pictures of all studies that have files
  go run ./scripts/study -analyse -o DIR       the same into DIR/NAME, for a comparison with what is there

A study's folder results/NAME has the raw rounds of each comparison, the gate's report of each
(NAME.json), the page README.md and its pictures. In the page, study replaces what stands between its
two marks, and nothing else. To measure a whole study anew, remove its folder but the page.

Leave the machine alone meanwhile. ^C or a kill costs the comparison in flight: the same command goes on.
Studies:
`

// options are the command line.
type options struct {
	studies []study
	only    string
	analyse bool
	list    bool
	out     string // folder of what is made; "" for results

	results string  // folder of the studies' files
	tools   tools   // what measures
	all     []study // every study there is; tests have their own
}

// tools measure. Tests replace them.
type tools struct {
	gate    func(ctx context.Context, args []string, stderr io.Writer) (*gate.Measured, error)
	run     func(args []string, stdout, stderr io.Writer) int
	command func(ctx context.Context, env []string, name string, args ...string) (string, error)
}

var real = tools{
	gate: func(ctx context.Context, args []string, stderr io.Writer) (*gate.Measured, error) {
		return gate.Measure(ctx, args, false, stderr)
	},
	run: func(args []string, stdout, stderr io.Writer) int { return suite.Run("", args, stdout, stderr) },
	command: func(ctx context.Context, env []string, name string, args ...string) (string, error) {
		return job.Output(ctx, "", append(os.Environ(), env...), name, args...)
	},
}

// parse reads the command line. With -h it prints the help and answers
// flag.ErrHelp.
func parse(args []string, all []study, stdout io.Writer) (options, error) {
	o := options{all: all, results: "results", tools: real}
	flags := flag.NewFlagSet("study", flag.ContinueOnError)
	flags.StringVar(&o.only, "only", "", "measure `COMPARISON` of the study anew, and no other")
	flags.BoolVar(&o.analyse, "analyse", false, "measure nothing: make the tables and pictures of the files that are there")
	flags.BoolVar(&o.list, "n", false, "measure nothing: print the command line of each comparison that is missing")
	flags.StringVar(&o.out, "o", "", "with -analyse: write pages and pictures below `FOLDER` (default results)")
	help := usage
	for _, s := range all {
		help += fmt.Sprintf("  %-10s %s, about %s\n", s.name, s.title, s.takes)
		for _, p := range s.parts {
			help += fmt.Sprintf("    %-14s %s\n", p.name, cmp.Or(p.about, p.column))
		}
	}
	if err := commandline.Parse(flags, help+"\n", args, stdout); err != nil {
		return o, err
	}
	for _, name := range flags.Args() {
		i := slices.IndexFunc(all, func(s study) bool { return s.name == name })
		if i < 0 {
			return o, fmt.Errorf("%q is no study; choose one of %s", name, names(all))
		}
		o.studies = append(o.studies, all[i])
	}
	switch {
	case o.analyse && (o.only != "" || o.list):
		return o, errors.New("-analyse measures nothing: leave out -only and -n")
	case !o.analyse && o.out != "":
		return o, fmt.Errorf("-o %s is for -analyse: what is measured goes to results/NAME", o.out)
	case !o.analyse && len(o.studies) != 1:
		return o, fmt.Errorf("%d studies given; give one of %s, or -analyse", len(o.studies), names(all))
	}
	if o.only != "" && !slices.ContainsFunc(o.studies[0].parts, func(p part) bool { return p.name == o.only }) {
		var have []string
		for _, p := range o.studies[0].parts {
			have = append(have, p.name)
		}
		return o, fmt.Errorf("-only %q is no comparison of %s; choose one of %s", o.only, o.studies[0].name, strings.Join(have, ", "))
	}
	return o, nil
}

func names(all []study) string {
	var have []string
	for _, s := range all {
		have = append(have, s.name)
	}
	return strings.Join(have, ", ")
}

// Run is the study command. It answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, studies, stdout)
	return job.Main("study", err, stderr, func(ctx context.Context) error {
		// Reports and raw files then name no folder of this machine.
		root, err := job.ModuleRoot(ctx)
		if err != nil {
			return err
		}
		if o.out != "" {
			if o.out, err = filepath.Abs(o.out); err != nil {
				return err
			}
		}
		if err := os.Chdir(root); err != nil {
			return err
		}
		return run(ctx, o, stdout, stderr)
	})
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if !o.analyse {
		if err := measure(ctx, o, o.studies[0], stdout, stderr); err != nil || o.list {
			return err
		}
	}
	chosen := o.studies
	if chosen == nil {
		for _, s := range o.all {
			if s.measured(filepath.Join(o.results, s.name)) {
				chosen = append(chosen, s)
			}
		}
		if chosen == nil {
			fmt.Fprintf(stderr, "no study has files below %s; \"go run ./scripts/study NAME\" measures one\n", o.results)
		}
	}
	for _, s := range chosen {
		from := filepath.Join(o.results, s.name)
		if !s.measured(from) {
			return fmt.Errorf("%s has nothing of the study %s; \"go run ./scripts/study %[2]s\" measures it", from, s.name)
		}
		to := from
		if o.out != "" {
			to = filepath.Join(o.out, s.name)
		}
		if err := s.analyse(from, to); err != nil {
			return fmt.Errorf("study %s: %w", s.name, err)
		}
		fmt.Fprintf(stderr, "made the tables and pictures of %s\n", to)
	}
	return nil
}
