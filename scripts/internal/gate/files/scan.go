package files

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
)

// longest is the length of the shortest line that benchfmt can't read.
const longest = bufio.MaxScanTokenSize - 1

// lazily compiles a pattern at its first use. The one file is its own worker, and
// a worker that has compiled patterns has more for each collection to mark.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

const number = `[-+]?(?:[\d.]+(?:[eE][-+]?\d+)?|NaN|Inf)`

var (
	// testing prints a benchmark's name before it runs it, and the rest of the
	// line afterwards. The benchmark's own output comes in between.
	tail = lazily(`\d+(?:\t *` + number + ` \S+)+$`)                // exactly as testing prints it, after anything
	half = lazily(`^\s*\d+(?:\s+` + number + `\s+[^\s\d]\S*)+\s*$`) // on a line of its own, with spaces for tabs

	begun   = lazily(`^\s+\d+(?:\s*$|\s+[-+]?(?:[\d.]|NaN|Inf))`)    // what follows the name in a result
	measure = lazily(`\s` + number + `\s+\S+/(?:op|s)\b`)            // anywhere in a line that can't be read
	lost    = lazily(`(?:^|\s)\d+\s+` + number + `\s+(?:ns|sec)/op`) // the rest of a result, without its name
	inside  = lazily(`Benchmark\S*\s+\d+\s+` + number + `\s+[^\s\d]`)
	key     = lazily(`^\p{Ll}[^\s\p{Lu}:]*:([ \t]|$)`)
)

const (
	wayOut      = "write go test's output to a file of its own, by >bench.txt without 2>&1 and tee, or delete the line"
	silenceIt   = "keep the benchmark from printing, or write to a file by >bench.txt without 2>&1"
	measureOnce = "measure again, or end it with a line PASS if it is whole"
)

// A layout is a file's lines for benchfmt, and notes on the way there.
type layout struct {
	path   string
	text   []byte // line for line
	lines  int    // of text
	ours   bool   // a file of this suite
	gate   bool   // raw rounds of the gate
	inTest int    // as in file

	failed  []string // what go test said failed
	stopped []string // benchmarks without a result
	ignored []string // lines of prose that begin as results or units do
	sources []string // jobs and services of a CI log that have results
	cleaned int      // results behind a prefix that was removed
	joined  int      // results that other output had split

	pkg      string // of the line before
	unended  int    // the first package that was followed by another one before its end
	round    int    // the line where an unfinished round began
	name     []byte // of a benchmark that has no result yet
	nameLine int
}

// scan makes a layout of a text. A line that looks like a result and can't be
// read is an error: without it the row would be judged by the other lines.
func scan(path string, t *text) (*layout, error) {
	l := &layout{path: path, text: []byte{}}
	l.ours = slices.ContainsFunc(t.lines, func(ln line) bool { return bytes.HasPrefix(ln.text, []byte("driver: ")) })
	for _, ln := range t.lines {
		if err := l.line(ln, ln.text); err != nil {
			return nil, err
		}
	}
	if l.unended > 0 {
		l.inTest = l.unended
	}
	if l.name != nil && l.inTest > 0 {
		return nil, failure(path, l.nameLine, fmt.Sprintf("the file is cut short: %s has no result, and go test never says PASS or ok of its package", l.name), measureOnce)
	}
	l.abandon()
	l.pad(t.last)
	return l, nil
}

// pad adds empty lines up to line n, so that benchfmt counts as the file does.
func (l *layout) pad(n int) {
	for ; l.lines < n; l.lines++ {
		l.text = append(l.text, '\n')
	}
}

// emit adds a line that is line at of the file.
func (l *layout) emit(at int, text []byte) error {
	if len(text) >= longest {
		if bytes.HasPrefix(text, []byte("Benchmark")) || bytes.HasPrefix(text, []byte("Unit")) {
			return failure(l.path, at, fmt.Sprintf("a line of %d bytes, at most %d can be read", len(text), longest-1), "delete it, or measure again")
		}
		return nil // no result: output of a test
	}
	l.pad(at - 1)
	l.text = append(append(l.text, text...), '\n')
	l.lines++
	return nil
}

// result adds a benchmark's line.
func (l *layout) result(ln line, text []byte) error {
	l.name = nil
	if ln.prefix {
		l.cleaned++
	}
	if ln.split {
		l.joined++
	}
	if ln.source != "" && !slices.Contains(l.sources, ln.source) {
		l.sources = append(l.sources, ln.source)
	}
	return l.emit(ln.at, text)
}

// join adds a benchmark's line whose name came before.
func (l *layout) join(ln line, rest []byte) error {
	ln.split = true
	return l.result(ln, slices.Concat(l.name, []byte("\t"), rest))
}

// abandon gives up waiting for a result.
func (l *layout) abandon() {
	if l.name != nil {
		l.stopped = append(l.stopped, fmt.Sprintf("%s (line %d)", l.name, l.nameLine))
	}
	l.name = nil
}

func (l *layout) unread(ln line, what string, text []byte, wayOut string) error {
	return failure(l.path, ln.at, fmt.Sprintf("%s: %q", what, shorten(bytes.TrimSpace(text))), wayOut)
}

// line reads a line, or the rest of one.
func (l *layout) line(ln line, text []byte) error {
	is := func(prefix string) bool { return bytes.HasPrefix(text, []byte(prefix)) }
	if ln.pkg != "" && ln.pkg != l.pkg {
		l.abandon()
		l.pkg = ln.pkg
		if err := l.emit(ln.at-1, []byte("pkg: "+ln.pkg)); err != nil {
			return err
		}
	}
	switch {
	case bytes.IndexByte(text, 0) >= 0:
		if plain := bytes.ReplaceAll(text, []byte{0}, nil); inside().Match(plain) || lost().Match(plain) || tail().Match(plain) {
			return l.unread(ln, "a result in another encoding than the lines before", plain, "write the file anew in one encoding, as UTF-8")
		}
		return nil
	case is("Benchmark"):
		l.abandon()
		return l.benchmark(ln, text)
	case is("pkg: "):
		l.abandon()
		if l.inTest > 0 && l.unended == 0 {
			l.unended = l.inTest
		}
		l.inTest, l.pkg = ln.at, string(bytes.TrimSpace(text[len("pkg: "):]))
	case string(text) == "PASS", is("ok  "):
		l.abandon()
		l.inTest = 0
	case is("--- FAIL"), string(text) == "FAIL", is("FAIL\t"), is("FAIL  "):
		l.fail(ln, text)
		return nil
	case is("# plan gate "):
		l.gate = true
	case is("# round "):
		l.round = ln.at
	case is("# end round "):
		l.round = 0
	case is("#"): // a comment
	case is("go: downloading "): // no configuration
		return nil
	case is("Unit ") && bytes.IndexByte(text, '=') < 0:
		l.ignore(ln, text)
		return nil
	default:
		if done, err := l.split(ln, text); done || err != nil {
			return err
		}
		if ln.prefix && !l.ours && key().Match(text) && !ofGoTest(text) {
			return nil // of the CI log itself, such as "shell: /bin/bash"
		}
	}
	return l.emit(ln.at, text)
}

// benchmark reads a line that begins as a benchmark's result does.
func (l *layout) benchmark(ln line, text []byte) error {
	n := bytes.IndexAny(text, " \t")
	if n < 0 {
		n = len(text)
	}
	name, rest := text[:n], text[n:]
	after := bytes.TrimLeft(rest, " ")
	switch {
	case begun().Match(rest):
		return l.result(ln, text)
	case len(rest) == 0: // go test -v prints the name before the line with the result
		return nil
	case !goName(name), len(after) > 0 && after[0] != '\t':
		if measure().Match(rest) {
			return l.unread(ln, "a benchmark's result that can't be read", text, wayOut)
		}
		l.ignore(ln, text)
		return nil
	}
	l.name, l.nameLine = name, ln.at
	ln.pkg = "" // seen with the name
	return l.line(ln, bytes.TrimPrefix(after, []byte("\t")))
}

// goName reports whether testing would run a function of that name.
func goName(name []byte) bool {
	rest := bytes.TrimPrefix(name, []byte("Benchmark"))
	return len(rest) == 0 || !('a' <= rest[0] && rest[0] <= 'z')
}

// split reads a result that other output has split, or whose name follows other
// output on the line. done is false for any other line.
func (l *layout) split(ln line, text []byte) (done bool, err error) {
	if start := glued(text); start > 0 {
		l.abandon()
		ln.split = true
		return true, l.benchmark(ln, text[start:])
	}
	text = bytes.TrimRight(text, " \t")
	if bytes.Contains(text, []byte("Benchmark")) {
		if inside().Match(text) {
			return true, l.unread(ln, "a benchmark's result behind something else", text, wayOut)
		}
		return false, nil // go test -v's "=== RUN", or a stack
	}
	switch rest := tail().Find(text); {
	case l.name != nil && rest != nil:
		return true, l.join(ln, rest)
	case l.name != nil && half().Match(text):
		return true, l.join(ln, bytes.TrimSpace(text))
	case lost().Match(text), bytes.Contains(rest, []byte("/op")):
		return true, l.unread(ln, "a result without its benchmark's name, which other output has split off", text, silenceIt)
	}
	return false, nil
}

// glued is where a benchmark's name begins that directly follows the
// benchmark's own output; 0 if there is none.
func glued(text []byte) int {
	i := bytes.Index(text, []byte("Benchmark"))
	if i <= 0 || text[i-1] == ' ' || text[i-1] == '\t' {
		return 0
	}
	n := bytes.IndexAny(text[i:], " \t")
	if n < 0 || !goName(text[i:i+n]) {
		return 0
	}
	if after := bytes.TrimLeft(text[i+n:], " "); len(after) > 0 && after[0] != '\t' {
		return 0
	}
	return i
}

// fail notes what go test says failed.
func (l *layout) fail(ln line, text []byte) {
	bare := string(text) == "FAIL"
	if bytes.HasPrefix(text, []byte("--- FAIL")) {
		l.name = nil // its name is in this line
	} else if !bytes.HasSuffix(text, []byte(" failed]")) { // [build failed] is for a package that never ran
		l.abandon()
		l.inTest = 0
	}
	if bare && len(l.failed) > 0 {
		return // it was named before
	}
	what := fmt.Sprintf("%q", shorten(text))
	if !slices.ContainsFunc(l.failed, func(s string) bool { return strings.HasPrefix(s, what+" ") }) { // once for all of -count
		l.failed = append(l.failed, fmt.Sprintf("%s (line %d)", what, ln.at))
	}
}

func (l *layout) ignore(ln line, text []byte) {
	l.ignored = append(l.ignored, fmt.Sprintf("%q (line %d)", shorten(text), ln.at))
}

func shorten(line []byte) string {
	const most = 80
	if len(line) > most {
		return string(line[:most]) + "…"
	}
	return string(line)
}

// none is the error of a file without a result.
func (l *layout) none() error {
	why, out := "no benchmark line up to here", "give a file that \"go test -bench\" wrote, with a -bench that matches something"
	switch {
	case len(l.failed) > 0:
		why, out = why+", and go test failed: "+some(l.failed), "fix it and measure again"
	case len(l.stopped) > 0:
		why, out = why+" that has a result, only names: "+some(l.stopped), wayOut
	case len(l.ignored) > 0:
		why += ", only prose: " + some(l.ignored)
	}
	return failure(l.path, l.lines, why, out)
}

// remark says what was done to the text to read it, and what is left out.
func (l *layout) remark(f *file, told []string) {
	if l.cleaned > 0 {
		told = append(told, "a CI log's prefix or indentation removed from "+prose.Count(l.cleaned, "result"))
	}
	if l.joined > 0 {
		told = append(told, prose.Count(l.joined, "result")+" taken out of other output")
	}
	if len(told) > 0 {
		f.remark(verdict.Notice, "%s: %s.", f.path, strings.Join(told, "; "))
	}
	if len(l.sources) > 1 {
		f.remark(verdict.Warning, "%s: results of %d jobs or services are taken together: %s.", f.path, len(l.sources), some(l.sources))
	}
	if len(l.failed) > 0 {
		f.remark(verdict.Warning, "%s: what failed is left out, and only the rest is judged: %s.", f.path, some(l.failed))
	}
	if len(l.stopped) > 0 {
		f.remark(verdict.Warning, "%s: benchmarks without a result, left out: %s; if they did end, %s.", f.path, some(l.stopped), silenceIt)
	}
	if len(l.ignored) > 0 {
		f.remark(verdict.Notice, "%s: taken for prose, not for a result: %s.", f.path, some(l.ignored))
	}
}
