// Package suite is what the run command does. It measures the plan round by
// round, keeps each round as it ends, and prints what the rounds show. Its
// workers are built by it, or are this program started again. Of ours it
// imports what the other commands show (claims, report, table), what measures
// (bench and its packages), and what all commands use (allow, commandline,
// disturbance, job, prose, results).
//
// Its stance: every round is kept at once. A case that fails or is left out is
// a note with its reason, never the end of the run.
package suite

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/allow"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/disturbance"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/report"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/table"
)

const usage = `run measures goroutines against threads on this machine and prints a summary.

  go run ./scripts/run                             the short profile, about two minutes on two cores
  go run ./scripts/run -profile full               every case, about 45 minutes
  go run ./scripts/run -bench 'Switch/.*via=pipe'  the cases whose full name matches
  go run ./scripts/run -until decided              what the ledger needs, until it is decided
  go run ./scripts/run -o mine.txt                 the raw rounds into a file of your choice
  go run ./scripts/run -o mine.txt -resume         go on after ^C or a kill, to the same plan
  go run ./scripts/run -list                       the cases that would be measured

Progress goes to standard error, the summary to standard output. The page beside
the results file (.html) has every figure, with pictures; -v prints the full table
and the ledger of statements, -bench the table of its cases. The exit code
is 0 when the job is done, whatever the numbers say, else 2.

-until decided measures the rows that decide the statements of the ledger
(scripts/claims), of the full profile. After 12, 18, 27, 40 and 60 rounds it
looks which statements are decided, and goes on with the rows of the others. It
ends when all are decided or can't be, or when the next look is beyond -budget.
With -bench, every case whose name matches is measured up to the first look.
A verdict stands once it is reached; the chance of any wrong one over all looks
is at most 5%.

`

// options are the command line.
type options struct {
	plan   Plan
	until  string
	budget time.Duration
	out    string
	host   string
	force  bool
	resume bool
	list   bool
	full   bool // print the table and the ledger before the summary
	format string

	allowed  allow.Flags
	patience time.Duration
	worker   string // a program that exists, "" to build one

	profile Profile
	match   *regexp.Regexp
}

// hostName matches what -host allows: the name becomes a part of a file's name.
var hostName = regexp.MustCompile(`^[\w.-]+$`)

// parse reads the command line. With -h it prints the help and answers
// flag.ErrHelp.
func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	fs.StringVar(&o.plan.Profile, "profile", "quick", "`PROFILE`, how long to measure: quick or full")
	fs.StringVar(&o.plan.Bench, "bench", "", "measure only the cases whose full name, as BenchmarkSwitch/impl=clone/via=futex/place=same, matches `REGEXP` (default all of the profile)")
	fs.IntVar(&o.plan.Rounds, "rounds", 0, "measure `N` rounds, each of fresh processes (default "+defaultRounds()+")")
	fs.StringVar(&o.until, "until", "", "go on until each statement of the ledger is `decided`, in place of -rounds; the profile is full then, unless -profile is given")
	fs.DurationVar(&o.budget, "budget", 20*time.Minute, "measure for `TIME` at the most with -until decided")
	fs.IntVar(&o.plan.CPU, "cpu", -1, "measure on CPU `N` what takes place on one CPU (default the highest-numbered of the fastest CPUs allowed)")
	fs.Var(&o.allowed, "allow", allow.Usage)
	fs.StringVar(&o.out, "o", "", "write the results to `FILE` (default results/local/DATE-HOST.txt in a checkout of threadbench, else DATE-HOST.txt)")
	fs.StringVar(&o.host, "host", "", "`NAME` of this machine in the results file; files of one host, CPU, kernel and Go count as one machine (default the host name)")
	fs.BoolVar(&o.force, "force", false, "replace the results file if it exists")
	fs.BoolVar(&o.resume, "resume", false, "go on with the results file of an earlier run of the same plan")
	fs.BoolVar(&o.list, "list", false, "list the cases that would be measured, and exit")
	fs.BoolVar(&o.full, "v", false, "print the full table and the ledger of statements, and then the summary")
	fs.StringVar(&o.format, "format", "text", "`FORMAT` of the output: text for the summary, json or csv for the table; raw prints the results file")
	fs.DurationVar(&o.patience, "patience", time.Minute, "give a worker `TIME` to answer before it is killed as hung")
	if err := commandline.Parse(fs, usage, args, stdout); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("run takes no argument, %q given; choose cases by -bench, the file by -o", fs.Arg(0))
	}
	set := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if err := o.parseUntil(set); err != nil {
		return o, err
	}
	i := slices.IndexFunc(Profiles, func(p Profile) bool { return p.Name == o.plan.Profile })
	if i < 0 {
		return o, fmt.Errorf("-profile %q is unknown; choose quick or full", o.plan.Profile)
	}
	o.profile = Profiles[i]
	if !set["rounds"] && o.until == "" {
		o.plan.Rounds = o.profile.Rounds
	}
	if o.plan.most() < 1 {
		return o, fmt.Errorf("-rounds %d is too few; give 1 or more", o.plan.Rounds)
	}
	if o.plan.CPU < -1 {
		return o, fmt.Errorf("-cpu %d is no CPU; give the number of an allowed CPU", o.plan.CPU)
	}
	if o.patience <= 0 {
		return o, fmt.Errorf("-patience %v is too short; give a time like 1m", o.patience)
	}
	if !slices.Contains([]string{"text", "json", "csv", "raw"}, o.format) {
		return o, fmt.Errorf("-format %q is unknown; choose text, json, csv or raw", o.format)
	}
	if set["host"] && !hostName.MatchString(o.host) {
		return o, fmt.Errorf("-host %q is no name; give letters, digits, dots, hyphens and underscores", o.host)
	}
	if o.force && o.resume {
		return o, errors.New("-force and -resume exclude each other: one replaces the results file, the other goes on with it")
	}
	if o.resume && o.out == "" {
		return o, errors.New("-resume needs -o FILE: the results file to go on with")
	}
	var err error
	if o.match, err = regexp.Compile(o.plan.Bench); err != nil {
		return o, fmt.Errorf("-bench %q is no regular expression: %w", o.plan.Bench, err)
	}
	return o, nil
}

// allowing is -allow as given, to print the command again.
func (o options) allowing() string {
	if o.allowed == nil {
		return ""
	}
	return " -allow " + o.allowed.String()
}

// Run is the run command. It answers the exit code. Workers are started from
// the program worker; "" builds the bench test binary.
func Run(worker string, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	o.worker = worker
	return job.Main("run", err, stderr, func(ctx context.Context) error { return run(ctx, o, stdout, stderr) })
}

// machine is where and with what a run measures.
type machine struct {
	measure.Session
	worker string

	deadline time.Time                // no round begins after it; zero for none
	took     map[string]time.Duration // time of an arm in a round, by its group
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	cases := selectCases(o.profile, o.match)
	if o.until == decided {
		if _, needed := undecided(cases, nil); o.plan.Bench == "" || len(needed) == 0 {
			cases = needed
		}
	}
	if len(cases) == 0 {
		return fmt.Errorf("-bench %q matches no case of profile %s%s; -list shows them", o.plan.Bench, o.plan.Profile, map[bool]string{true: " that the ledger needs"}[o.until == decided])
	}
	if o.list {
		_, err := io.WriteString(stdout, list(cases))
		return err
	}
	if measure.Injected() != "" {
		return fmt.Errorf("%s=%s slows workers down on purpose, so every figure would be wrong; unset it", measure.InjectVariable, measure.Injected())
	}
	sayLeftOut(stderr, runtime.GOOS, runtime.GOARCH, cases)
	site, err := measure.NewSite(o.plan.CPU)
	if err != nil {
		return err
	}
	o.plan.CPU = site.CPU
	job.SweepFolders()
	measure.SweepGroups()
	defer measure.SweepGroups()

	root, err := checkout()
	if o.worker == "" {
		root, err = job.ModuleRoot(ctx)
	}
	if err != nil {
		return err
	}
	begun, host := time.Now(), o.host
	if host == "" {
		host = hostname()
	}
	if o.out == "" {
		o.out = begun.Format("2006-01-02-150405") + "-" + host + ".txt"
		if root != "" {
			o.out = filepath.Join(root, "results", "local", o.out)
		}
	}
	if err := vacant(o.out, o.force, o.resume); err != nil {
		return err
	}
	// Check the page's place now, before anything is measured: the page is
	// written last.
	page := report.Beside(o.out, ".html")
	if err := report.Free(page); err != nil {
		return err
	}
	worker, cleanup := o.worker, func() {}
	if worker == "" {
		fmt.Fprintf(stderr, "building the worker\n")
		if worker, cleanup, err = buildWorker(ctx, root); err != nil {
			return err
		}
	}
	defer cleanup()
	// A build that distorts figures is refused unless its flags are allowed.
	if err := o.allowed.Check(ctx, worker, root, os.Environ()); err != nil {
		return err
	}
	head, err := headWithin(ctx, o.patience, worker, site)
	if err != nil {
		return err
	}
	out, err := openOutput(o, head, fmt.Appendf(nil, "# begun %s on %s\n", begun.UTC().Format(time.RFC3339), host))
	if err != nil {
		return err
	}

	m := &machine{Session: measure.Session{Site: site, Patience: o.patience}, worker: worker}
	m.KeepOff(true)

	if o.until == decided {
		err = m.untilDecided(ctx, o, cases, out, stderr)
	} else {
		err = m.rounds(ctx, o, o.profile.groups(cases), out, o.plan.Rounds, stderr)
	}
	if stopped := context.Cause(ctx); stopped != nil {
		if errors.Is(err, stopped) {
			err = nil
		}
		if out.next <= o.plan.most() {
			err = errors.Join(err, fmt.Errorf("%w after %d of %d rounds; go on with -resume %s -o %s", stopped, out.next-1, o.plan.most(), flags(o.plan)+o.allowing(), commandline.Quote(o.out)))
		}
	}
	if out.next == 1 {
		return err
	}
	file, readErr := results.ReadFile(o.out)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	if e := o.render(file, stdout); e != nil {
		return errors.Join(err, e)
	}
	if e := report.New([]*results.File{file}).Save(page); e != nil {
		err = errors.Join(err, e)
	} else {
		fmt.Fprintf(stderr, "the page with every figure is %s\n", page)
	}
	fmt.Fprintf(stderr, "the raw rounds are in %s\n", o.out)
	if err == nil {
		err = unmeasured(cases, file)
	}
	return err
}

// headWithin asks the worker for the head of the results, and waits for so
// long.
func headWithin(ctx context.Context, patience time.Duration, worker string, site measure.Site) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	head, err := measure.Head(ctx, worker, site)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("asking the worker for its configuration: no answer within %v", patience)
	}
	return head, err
}

// unmeasured is an error that names the cases that failed in every round.
func unmeasured(cases []measure.Case, file *results.File) error {
	var names []string
	for _, c := range cases {
		name := c.Name.String()
		failed := slices.ContainsFunc(file.Notes, func(n results.Note) bool { return n.Kind == "failed" && n.Name.String() == name })
		if failed && file.Row(name) == nil {
			names = append(names, "Benchmark"+name)
		}
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("no figure for %s: failed in every round; the notes say why", strings.Join(names, ", "))
}

// render writes, for a reader, the summary and what was asked for besides: the
// table by -v and -bench, the ledger by -v and -until. Else it writes the table
// as data, or the file as it is.
func (o options) render(file *results.File, w io.Writer) error {
	switch o.format {
	case "json":
		return table.New(file).JSON(w)
	case "csv":
		return table.New(file).CSV(w)
	case "raw":
		raw, err := os.ReadFile(file.Name)
		if err == nil {
			_, err = w.Write(raw)
		}
		return err
	}
	return report.Text(w, file, report.Parts{Table: o.full || o.plan.Bench != "", Ledger: o.full || o.until == decided})
}

// buildWorker builds the bench test binary, which is its own worker, into a
// temporary folder. cleanup removes the folder.
func buildWorker(ctx context.Context, root string) (path string, cleanup func(), err error) {
	dir, cleanup, err := job.TempFolder()
	if err != nil {
		return "", nil, fmt.Errorf("building the worker: %w", err)
	}
	path = filepath.Join(dir, "worker.test")
	if err = job.BuildTest(ctx, root, job.GoEnviron(dir), path, "./bench", "-tags", measure.Tags); err != nil {
		cleanup()
		return "", nil, fmt.Errorf("building the worker: %w", err)
	}
	return path, cleanup, nil
}

// checkout is the checkout of the suite that contains the working directory, ""
// without one. Results go there by default. It needs no go command.
func checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("looking up the working directory: %w", err)
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && moduleLine.Match(text) {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", nil
		}
		dir = above
	}
}

var moduleLine = regexp.MustCompile(`(?m)^module threadbench\r?$`)

func hostname() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}

// rounds measures up to the last round and keeps each round as it ends.
func (m *machine) rounds(ctx context.Context, o options, gs []group, out *output, last int, stderr io.Writer) error {
	p := job.NewProgress(stderr, max(0, last-out.next+1)*len(gs))
	defer p.End()
	noted := map[note]bool{}
	for out.next <= last && (m.deadline.IsZero() || time.Now().Before(m.deadline)) {
		var lines, notes strings.Builder
		before := disturbance.Read()
		for _, g := range inRound(gs, out.next) {
			p.At(fmt.Sprintf("round %d of %d", out.next, last), g.cases[0].Name.Family)
			begun := time.Now()
			outcomes, err := m.measureGroup(ctx, g, o.profile, out.next)
			if err != nil {
				return err
			}
			m.note(g, time.Since(begun))
			p.Step(1)
			for _, oc := range outcomes {
				lines.WriteString(oc.line)
				for _, n := range oc.notes {
					// A skip or a cut repeats in every round, so it is noted
					// once.
					if n.kind == "failed" || !noted[n] {
						noted[n] = true
						notes.WriteString(n.line())
					}
				}
			}
		}
		text := fmt.Sprintf("# round %d: %s\n%s%s# end round %d\n", out.next, before.Since(), notes.String(), lines.String(), out.next)
		if err := out.appendRound(text); err != nil {
			return err
		}
	}
	return nil
}
