package gate

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/allow"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/gate/verdict"
)

const usage = `gate tells whether head is slower than base, and by how much.

  go build -o gate ./scripts/gate                  not go run: it turns 2 and 3 into 1

  gate -base main -pkg ./...                       the benchmarks of any module, in its folder
  gate -base main -pkg ./codec -bench Decode       those that match, as go test's -bench has it
  gate -base main -pkg ./... -n                    which ones there are, and what they cost
  gate -base v1.0 -head v1.1 -pkg ./...            two commits
  gate -base-dir ../old -head-dir . -pkg ./...     two folders
  gate -base-env GOTOOLCHAIN=go1.26.0 -pkg ./...   another toolchain against this one
  gate -files old.txt new.txt                      two results files that are there already

In a checkout of threadbench, without -pkg, gate measures threadbench's own cases:

  gate -base main
  gate -head-env GODEBUG=asyncpreemptoff=1
  gate -base HEAD -inject Switch=1.05              is a slowdown of 5% found?

Base, head and a control (base again, in another layout) run side by side, in turns, in rounds
of fresh processes. A benchmark takes no more rounds when it is decided: slower by more than the
margin, or shown not to be. The raw rounds are kept in a folder that benchstat reads.

A run takes -budget, up to half as long again where the first verdict needs that, and the builds
before it.

Exit code: 0 nothing is slower by more than the margin; 1 something is, or fails or doesn't build in
head only; 3 inconclusive, or invalid since the control saw a difference; 2 no verdict is possible
(usage, nothing builds, nothing selected, ^C). scripts/gate/README.md tells the rest.

`

// options are the command line.
type options struct {
	base, head       string // git refs
	baseDir, headDir string
	baseEnv, headEnv []string
	files            []string // old and new

	bench  string
	match  *regexp.Regexp // bench, for our own cases and files
	skip   string
	unless *regexp.Regexp // skip, likewise; nil for none
	pkg    string
	setup  string // a command for each checkout, before it is built
	list   bool   // measure nothing: list benchmarks and what they cost
	units  []string
	inject *injection
	cpu    int

	allowed allow.Flags

	rounds  int
	through bool // decided rows take rounds, too
	budget  time.Duration
	seed    uint64
	apart   bool // no flag: calibrate alone asks for it; see Measure

	margin       float64
	formats      []rendering
	inconclusive string
	out          string
	force        bool

	args []string // as given, to print the command again
}

// A rendering is a format of the report and the file that it is appended to; ""
// is standard output.
type rendering struct{ format, file string }

// An injection slows down the head's cases that match, by the factor.
type injection struct {
	match  *regexp.Regexp
	factor float64
	text   string
}

// defaultCases are the cases that gate measures without -bench. Create and Switch
// of goroutines show a change of the runtime; the same with raw threads shows a
// change of the kernel. All run in slices on one CPU, where figures are steadiest.
var defaultCases = []string{
	"Create/impl=goroutine/mode=reused",
	"Create/impl=clone/mode=reused",
	"Switch/impl=goroutine/via=channel/place=same",
	"Switch/impl=clone/via=futex/place=same",
}

// defaultBench matches them.
var defaultBench = "^Benchmark(" + strings.Join(defaultCases, "|") + ")$"

const (
	defaultBudget = 5 * time.Minute
	defaultMargin = "3%"
)

// parse reads the command line. With -h it prints the help and answers
// flag.ErrHelp.
func parse(args []string, stdout io.Writer) (options, error) {
	o := options{args: args}
	var files bool
	var units, inject, margin string
	fs := flag.NewFlagSet("gate", flag.ContinueOnError)
	fs.StringVar(&o.base, "base", "", "compare with git `REF`")
	fs.StringVar(&o.head, "head", "", "judge git `REF` (default the working tree); needs -base")
	fs.StringVar(&o.baseDir, "base-dir", "", "compare with `FOLDER`, instead of -base")
	fs.StringVar(&o.headDir, "head-dir", "", "judge `FOLDER`, instead of -head")
	fs.Func("base-env", "set environment variable `K=V` for base, in its build and its runs; repeatable", environment(&o.baseEnv))
	fs.Func("head-env", "set environment variable `K=V` for head, likewise", environment(&o.headEnv))
	fs.BoolVar(&files, "files", false, "compare two results files, OLD NEW, instead of measuring")
	fs.StringVar(&o.bench, "bench", "", "with -pkg: measure the benchmarks that `REGEXP` matches, as go test takes it (default all). Without -pkg: measure the cases whose full name matches REGEXP (default four: "+strings.Join(defaultCases, ", ")+")")
	fs.StringVar(&o.skip, "skip", "", "leave out the benchmarks that `REGEXP` matches, as go test takes it")
	fs.BoolVar(&o.list, "n", false, "measure nothing: list the benchmarks, what a round of each costs, and the budget needed for a given margin")
	fs.StringVar(&o.pkg, "pkg", "", "measure the benchmarks of `PACKAGES` of the module in this folder, instead of threadbench's own cases")
	fs.StringVar(&o.setup, "setup", "", "run `COMMAND` by the shell in each checkout of a ref before it is built: for generated files that git doesn't have")
	fs.StringVar(&units, "unit", "", "with -pkg or -files: decide by `UNITS`, by commas (default ns/op, B/op, allocs/op, and what a Unit line calls exact); allocs/op brings B/op along")
	fs.StringVar(&inject, "inject", "", "slow down the head's cases that match by a factor, `REGEXP=FACTOR`, to see whether that is found: Switch=1.03 is 3%")
	fs.IntVar(&o.cpu, "cpu", -1, "measure on CPU `N` threadbench's own cases that take place on one CPU (default the highest-numbered of the fastest CPUs allowed)")
	fs.Var(&o.allowed, "allow", allow.Usage)
	fs.IntVar(&o.rounds, "rounds", 0, "measure `N` rounds at most, instead of -budget")
	fs.BoolVar(&o.through, "all-rounds", false, "give rows that are decided all rounds, too: their intervals get as narrow as the others'")
	o.budget = defaultBudget
	fs.Func("budget", "measure for about `TIME`, up to half as long again where the first verdict needs that, builds before the first round not counted (default "+roundUp(defaultBudget)+")", o.setBudget)
	fs.Uint64Var(&o.seed, "seed", 0, "draw layouts and the orders of start by `N`, to repeat an earlier run's (default a random one, which is printed)")
	fs.StringVar(&margin, "margin", defaultMargin, "let pass what is slower by up to `PERCENT`: 3 or 3%")
	fs.Func("format", "write the report as `FORMAT` to standard output, or as FORMAT=FILE at the end of FILE: text, markdown, json or annotations (of GitHub's CI); repeatable (default text)", o.addFormat)
	fs.StringVar(&o.inconclusive, "inconclusive", "", "answer exit code 3 as `VERDICT`: pass is 0, fail is 1 (default neither)")
	fs.StringVar(&o.out, "o", "", "keep the raw rounds in `FOLDER` (default results/local/gate-DATE-HOST, with -pkg gate-DATE-HOST)")
	fs.BoolVar(&o.force, "force", false, "replace the raw rounds in the folder of -o")
	fs.VisitAll(func(f *flag.Flag) {
		if !slices.Contains([]string{"base-env", "head-env", "format"}, f.Name) { // these may be given more than once
			f.Value = &once{Value: f.Value}
		}
	})
	if err := commandline.Parse(fs, usage, args, stdout); err != nil {
		return o, err
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })

	var err error
	if o.margin, err = percent(margin); err != nil {
		return o, fmt.Errorf("-margin %w", err)
	}
	if o.formats == nil {
		o.formats = []rendering{{format: "text"}}
	}
	if !slices.Contains([]string{"", "pass", "fail"}, o.inconclusive) {
		return o, fmt.Errorf("-inconclusive %q is none; choose pass or fail", o.inconclusive)
	}
	if units != "" {
		o.units = strings.Split(units, ",")
		// testing truncates allocs/op: 9.9999 reads 9 and 10.0000 reads 10.
		// B/op tells whether a difference of 1 is real.
		if slices.Contains(o.units, "allocs/op") && !slices.Contains(o.units, "B/op") {
			o.units = append(o.units, "B/op")
		}
	}
	if files {
		return o, o.parseFiles(fs.Args(), given)
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("gate takes no argument but with -files, %q given; -h shows the flags", fs.Arg(0))
	}
	if err := o.parseSides(); err != nil {
		return o, err
	}
	switch {
	case given["rounds"] && given["budget"]:
		return o, errors.New("-rounds and -budget exclude each other: give one of them")
	case given["rounds"] && o.rounds < 1:
		return o, fmt.Errorf("-rounds %d is too few; give 20 or more", o.rounds)
	case o.budget <= 0:
		return o, fmt.Errorf("-budget %v is no time to measure; give 1m or more", o.budget)
	case given["setup"] && o.base == "":
		return o, errors.New("-setup is for checkouts that the gate makes, of -base and -head; folders and the working tree are used as they are")
	case o.cpu < -1:
		return o, fmt.Errorf("-cpu %d is none; give the number of an allowed CPU", o.cpu)
	case o.pkg != "" && given["cpu"]:
		return o, errors.New("-cpu is for our own cases; the benchmarks of -pkg run where go test would run them")
	case o.pkg != "" && given["allow"]:
		return o, errors.New("-allow is for our own cases; the benchmarks of -pkg are measured however they are built")
	case o.pkg != "" && given["inject"]:
		return o, errors.New("-inject is for our own cases: the benchmarks of -pkg have no worker that could be slowed down")
	case o.pkg == "" && given["unit"]:
		return o, errors.New("-unit is for -pkg: of our own cases the family says which figure decides")
	case given["pkg"] && strings.TrimSpace(o.pkg) == "":
		return o, errors.New("-pkg is empty; give packages as go test takes them, ./... for all")
	}
	if o.bench == "" {
		o.bench = defaultBench
		if o.pkg != "" {
			o.bench = "."
		}
	}
	if err := o.compile(); err != nil {
		return o, err
	}
	if inject != "" {
		if o.inject, err = parseInject(inject); err != nil {
			return o, err
		}
	}
	return o, nil
}

// parseFiles refuses the flags that -files can't honour.
func (o *options) parseFiles(args []string, given map[string]bool) error {
	for name := range given {
		if !slices.Contains([]string{"files", "bench", "skip", "unit", "margin", "format", "inconclusive"}, name) {
			return fmt.Errorf("-%s and -files exclude each other: with -files nothing is measured", name)
		}
	}
	if len(args) != 2 {
		return fmt.Errorf("-files takes two results files, OLD NEW; %d given (flags come before them)", len(args))
	}
	o.files = args
	return o.compile()
}

// compile reads -bench and -skip as patterns of full names. With -pkg they are
// go test's patterns, and find.go reads them.
func (o *options) compile() (err error) {
	if o.match, err = regexp.Compile(o.bench); err != nil {
		return fmt.Errorf("-bench %q is no regular expression: %w", o.bench, err)
	}
	if o.skip == "" {
		return nil
	}
	if o.unless, err = regexp.Compile(o.skip); err != nil {
		return fmt.Errorf("-skip %q is no regular expression: %w", o.skip, err)
	}
	return nil
}

// selects tells whether -bench and -skip select a full name, without
// "Benchmark", of a case or of a row in a file.
func (o *options) selects(name string) bool {
	return o.match.MatchString("Benchmark"+name) && (o.unless == nil || !o.unless.MatchString("Benchmark"+name))
}

func (o *options) parseSides() error {
	switch {
	case o.base != "" && o.baseDir != "":
		return errors.New("-base and -base-dir exclude each other: give one of them")
	case o.head != "" && o.headDir != "":
		return errors.New("-head and -head-dir exclude each other: give one of them")
	case o.base == "" && o.head != "":
		return errors.New("-head needs -base: two refs, or one and the working tree")
	case o.baseDir == "" && o.headDir != "" && o.base == "":
		return errors.New("-head-dir needs -base-dir or -base")
	case o.base == "" && o.baseDir == "" && len(o.baseEnv)+len(o.headEnv) == 0:
		return errors.New("nothing to compare: give -base REF, -base-dir DIR, -base-env or -head-env K=V, or -files OLD NEW; -h has examples")
	}
	for _, env := range [][]string{o.baseEnv, o.headEnv} {
		for i, kv := range env {
			key, _, _ := strings.Cut(kv, "=")
			if slices.ContainsFunc(env[:i], func(s string) bool { return strings.HasPrefix(s, key+"=") }) {
				return fmt.Errorf("%s is set twice for one side; give it once", key)
			}
		}
	}
	return nil
}

// A once is a flag that may be given once: the last of several would win in
// silence.
type once struct {
	flag.Value
	text string // as given
	set  bool
}

func (v *once) Set(text string) error {
	if v.set {
		return fmt.Errorf("the flag is given twice, first as %q; give it once", v.text)
	}
	v.text, v.set = text, true
	return v.Value.Set(text)
}

// String is for the zero value, too: package flag asks for it.
func (v *once) String() string {
	if v.Value == nil {
		return ""
	}
	return v.Value.String()
}

// IsBoolFlag tells package flag that -force needs no value.
func (v *once) IsBoolFlag() bool {
	b, ok := v.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

func (o *options) setBudget(s string) (err error) {
	if _, e := strconv.ParseFloat(s, 64); e == nil && s != "0" {
		return fmt.Errorf("%s has no unit; give %[1]ss or %[1]sm", s)
	}
	if o.budget, err = time.ParseDuration(s); err != nil {
		return fmt.Errorf("%q is no time; give one such as 90s or 5m", s)
	}
	return nil
}

func (o *options) addFormat(s string) error {
	format, file, named := strings.Cut(s, "=")
	if !slices.Contains(verdict.Formats, format) {
		return fmt.Errorf("%q is none; choose one of %s", format, strings.Join(verdict.Formats, ", "))
	}
	if named && file == "" {
		return fmt.Errorf("%q names no file", s)
	}
	o.formats = append(o.formats, rendering{format, file})
	return nil
}

func environment(env *[]string) func(string) error {
	return func(kv string) error {
		if key, _, ok := strings.Cut(kv, "="); !ok || key == "" {
			return fmt.Errorf("%q is no K=V", kv)
		}
		*env = append(*env, kv)
		return nil
	}
}

// percent reads "1%" or "1" as 0.01.
func percent(s string) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || !(x >= 0 && x <= 100) {
		return 0, fmt.Errorf("%q is no percentage from 0%% to 100%%; %s is the default", s, defaultMargin)
	}
	return x / 100, nil
}

// parseInject reads REGEXP=FACTOR. It splits at the last equals sign, since
// case names have equals signs, too.
func parseInject(s string) (*injection, error) {
	at := strings.LastIndex(s, "=")
	if at < 1 {
		return nil, fmt.Errorf("-inject %q is no REGEXP=FACTOR; Switch=1.03 makes the Switch cases 3%% slower", s)
	}
	match, err := regexp.Compile(s[:at])
	if err != nil {
		return nil, fmt.Errorf("-inject %q: %q is no regular expression: %w", s, s[:at], err)
	}
	factor, err := measure.ParseInjection(s[at+1:])
	if err != nil {
		return nil, fmt.Errorf("-inject %q: %w", s, err)
	}
	return &injection{match: match, factor: factor, text: s}, nil
}
