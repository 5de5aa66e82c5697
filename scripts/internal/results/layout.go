package results

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"

	"threadbench/bench/catalog"
)

// layout is a file's first reading: the comments, which benchfmt skips, and the
// rounds that they mark. A round begins with "# round K: ..." or, without that
// line, with a benchmark line. It ends with "# end round K". A round without
// its end is in flight: its run was killed.
type layout struct {
	lines    int
	text     []byte // the file for benchfmt, comments blanked, line by line
	plan     string
	begun    []string
	notes    []Note
	rounds   []round
	flights  []Span
	problems []problem
}

// A round is a complete round.
type round struct {
	Span
	number      int
	disturbance string
}

// A problem is an error, unless its line is in a round in flight.
type problem struct {
	line         int
	what, wayOut string
}

// longest is the length of the shortest line that benchfmt can't read.
const longest = bufio.MaxScanTokenSize - 1

// scan makes the first reading.
func scan(data []byte) *layout {
	l := &layout{text: make([]byte, 0, len(data))}
	var open *Span    // the round being read
	disturbance := "" // its first line, after the number
	for line := range bytes.Lines(data) {
		l.lines++
		line, ended := bytes.CutSuffix(line, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if comment, ok := bytes.CutPrefix(line, []byte("# ")); ok {
			word, rest, _ := strings.Cut(string(comment), " ")
			switch word {
			case "plan":
				if l.plan == "" {
					l.plan = rest
				}
			case "begun":
				l.begun = append(l.begun, rest)
			case "round":
				if open != nil {
					l.flight(open, l.lines-1)
				}
				open = &Span{First: l.lines}
				_, disturbance, _ = strings.Cut(rest, ": ")
			case "end":
				// A line without its newline may be half a line, which could
				// name another round.
				if number, ok := strings.CutPrefix(rest, "round "); ok && ended && l.end(open, number, disturbance) {
					open, disturbance = nil, ""
				}
			case "skip", "cut", "failed":
				l.note(word, rest)
			}
		}
		if bytes.HasPrefix(line, []byte("#")) {
			line = nil
		}
		if len(line) >= longest {
			l.problem(fmt.Sprintf("a line of %d bytes, at most %d can be read", len(line), longest-1), "delete it, or run again")
			line = nil
		}
		if bytes.HasPrefix(line, []byte("Benchmark")) {
			if open == nil {
				open = &Span{First: l.lines}
			}
			open.Lines++
		}
		l.text = append(append(l.text, line...), '\n')
	}
	if open != nil {
		l.flight(open, l.lines)
	}
	return l
}

func (l *layout) problem(what, wayOut string) {
	l.problems = append(l.problems, problem{l.lines, what, wayOut})
}

func (l *layout) flight(s *Span, last int) {
	s.Last = last
	l.flights = append(l.flights, *s)
}

// end ends the open round at the current line, and reports whether it could.
func (l *layout) end(open *Span, number, disturbance string) bool {
	k, err := strconv.Atoi(number)
	if err != nil {
		l.problem(fmt.Sprintf("the end of round %q, which is no number", number), "correct the line, or run again")
		return false
	}
	if slices.ContainsFunc(l.rounds, func(r round) bool { return r.number == k }) {
		l.problem(fmt.Sprintf("round %d ends a second time", k), "these look like two runs in one file: keep them apart")
	}
	if open == nil {
		open = &Span{First: l.lines}
	}
	open.Last = l.lines
	l.rounds = append(l.rounds, round{*open, k, strings.TrimSpace(disturbance)})
	return true
}

// note reads "BenchmarkNAME: REASON". A comment that only begins with a note's
// word is a comment.
func (l *layout) note(kind, s string) {
	s, ok := strings.CutPrefix(s, "Benchmark")
	if !ok {
		return
	}
	full, reason, ok := strings.Cut(s, ": ")
	if !ok {
		l.problem(fmt.Sprintf("a note without a reason: \"# %s Benchmark%s\"", kind, s), "correct it: # "+kind+" NAME: REASON")
		return
	}
	full, _ = cutProcs(full)
	name, err := catalog.ParseName(full)
	if err != nil {
		l.problem(err.Error(), "only this suite's own names can be read")
		return
	}
	l.notes = append(l.notes, Note{Kind: kind, Name: name, FullName: full, Reason: strings.TrimSpace(reason), Line: l.lines})
}

// ignoreRounds makes every line count: a file of driver testing has no rounds.
func (l *layout) ignoreRounds() { l.rounds, l.flights = nil, nil }

// counts reports whether a line is outside all rounds in flight.
func (l *layout) counts(line int) bool {
	return !slices.ContainsFunc(l.flights, func(s Span) bool { return s.First <= line && line <= s.Last })
}

// round is the complete round of a line, or else the zero round.
func (l *layout) round(line int) round {
	for _, r := range l.rounds {
		if r.First <= line && line <= r.Last {
			return r
		}
	}
	return round{}
}

// records makes the second reading, by benchfmt. last is a result with the
// configuration at the file's end, even if the file has no results.
func (l *layout) records(name string) (records []benchfmt.Record, last *benchfmt.Result, err error) {
	r := benchfmt.NewReader(bytes.NewReader(append(l.text, "BenchmarkEnd 1 0 end\n"...)), name)
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			last = rec.Clone()
			records = append(records, last)
		default:
			records = append(records, rec)
		}
	}
	if err := r.Err(); err != nil {
		return nil, nil, fmt.Errorf("reading results %w; correct or delete the line", err)
	}
	return records[:len(records)-1], last, nil
}
