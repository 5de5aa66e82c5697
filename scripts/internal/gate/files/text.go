package files

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"threadbench/scripts/internal/prose"
)

// A line is a line of the file as go test wrote it, as well as it can be
// restored.
type line struct {
	text   []byte // without the line's end, a CI log's prefix and colours
	at     int    // where it stands in the file, from 1
	pkg    string // the package that go test -json gives it
	source string // the job, step or service that a CI log's prefix names
	prefix bool   // a CI log's prefix was removed
	split  bool   // the result stood in other output
}

// byteOrderMark begins the files that Windows' programs write. PowerShell's >>
// and cat also leave it inside a file.
const byteOrderMark = "\uFEFF"

// decode makes UTF-8 of a file's bytes. encoding is what they were if not
// UTF-8.
func decode(data []byte) (text []byte, encoding string) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), wide(data, 1):
		order, encoding = binary.LittleEndian, "UTF-16, little-endian"
	case bytes.HasPrefix(data, []byte("\xfe\xff")), wide(data, 0):
		order, encoding = binary.BigEndian, "UTF-16, big-endian"
	default:
		return bytes.TrimPrefix(data, []byte(byteOrderMark)), ""
	}
	units := make([]uint16, 0, len(data)/2+1)
	for i := 0; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	if len(data)%2 == 1 {
		units = append(units, '\uFFFD') // half a character: no line ends here
	}
	return bytes.TrimPrefix([]byte(string(utf16.Decode(units))), []byte(byteOrderMark)), encoding
}

// wide reports whether data begins like ASCII in UTF-16 without a mark, with
// the zero byte of each pair at index zero.
func wide(data []byte, zero int) bool {
	head := data[:min(len(data), 64)&^1]
	for i, b := range head {
		if (b == 0) != (i%2 == zero) {
			return false
		}
	}
	return len(head) > 0
}

const stamp = `(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?`

var (
	// colour is a terminal's control sequence. Buildkite hides its time stamps in one.
	colour = lazily(`\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]_P^][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])`)
	// prefixes are what CI systems write before a line. A group is its source.
	prefixes = []func() *regexp.Regexp{
		// GitHub Actions, Azure, Jenkins, docker logs -t; GitLab with its
		// stream; gh run view --log with job and step.
		lazily(`^(?:([^\t]+\t[^\t]+)\t\x{FEFF}?)?\[?` + stamp + `\]?(?: \d\d[OE])?(?:[ \t]+|$)`),
		lazily(`^(#\d+) (?:\d+\.\d+(?: |$))?`),                        // docker buildx: step, seconds
		lazily(`^(\[[^\]\t]+\]|[\w./-]+[ \t]+\|)[ \t]+(?:\|[ \t]+)?`), // Jenkins' branches, act, docker compose
	}
)

// clean removes what a terminal or a CI log has added to a line.
func clean(raw []byte) line {
	l := line{text: bytes.TrimRight(raw, "\r\n")}
	if bytes.IndexByte(l.text, 0x1b) >= 0 {
		l.text = colour().ReplaceAll(l.text, nil)
	}
	for range 4 { // a log of a log, at most
		l.text = bytes.TrimPrefix(l.text, []byte(byteOrderMark))
		if bytes.HasPrefix(l.text, []byte("Benchmark")) {
			return l
		}
		i := slices.IndexFunc(prefixes, func(p func() *regexp.Regexp) bool { return p().Match(l.text) })
		if i < 0 {
			break
		}
		m := prefixes[i]().FindSubmatch(l.text)
		if len(m) > 1 && len(m[1]) > 0 {
			l.source = strings.TrimSuffix(string(m[1]), "|")
		}
		l.text, l.prefix = l.text[len(m[0]):], true
	}
	if rest := bytes.TrimLeft(l.text, " \t"); len(rest) < len(l.text) && ofGoTest(rest) {
		l.text, l.prefix = rest, true
	}
	return l
}

// ofGoTest reports whether a line begins like one of go test's lines that
// matter here.
func ofGoTest(text []byte) bool {
	for _, s := range []string{"Benchmark", "goos: ", "goarch: ", "pkg: ", "cpu: ", "ok  ", "FAIL\t", "FAIL  ", `{"`} {
		if bytes.HasPrefix(text, []byte(s)) {
			return true
		}
	}
	return string(text) == "PASS" || string(text) == "FAIL"
}

// An event is a line of go test -json.
type event struct{ Action, Package, Output string }

// A text is what decode and clean make of a file.
type text struct {
	lines []line
	last  int      // the number of the file's last line
	told  []string // what was done to it, for a remark
}

// readText makes lines of a file's text. Events of go test -json become the
// lines in them, joined for each package, in the place of the last event.
func readText(path string, data []byte, encoding string) (*text, error) {
	t := &text{}
	if encoding != "" {
		t.told = append(t.told, "read as "+encoding)
	}
	var open []line // by package, the line that has no end yet
	events := 0
	for raw := range bytes.Lines(data) {
		t.last++
		l := clean(raw)
		l.at = t.last
		e, ok, err := parseEvent(l.text)
		switch {
		case err != nil:
			return nil, failure(path, l.at, fmt.Sprintf("no whole event of go test -json (%v): %q", err, shorten(l.text)), "delete the line, or measure again")
		case !ok:
			t.lines = append(t.lines, l)
			continue
		}
		events++
		if e.Action != "output" {
			continue
		}
		i := slices.IndexFunc(open, func(o line) bool { return o.pkg == e.Package })
		if i < 0 {
			i = len(open)
			open = append(open, line{pkg: e.Package})
		}
		open[i].text = append(open[i].text, e.Output...)
		for {
			whole, rest, ended := bytes.Cut(open[i].text, []byte("\n"))
			if !ended {
				break
			}
			t.add(whole, l, e.Package)
			open[i].text = bytes.Clone(rest)
		}
	}
	for _, o := range open {
		if len(o.text) > 0 {
			t.add(o.text, line{at: t.last}, o.pkg)
		}
	}
	if events > 0 {
		t.told = append(t.told, fmt.Sprintf("%s of go test -json put together", prose.Count(events, "event")))
	}
	return t, nil
}

// add adds a line that came in events. l was the last of them.
func (t *text) add(whole []byte, l line, pkg string) {
	inner := clean(whole)
	inner.at, inner.pkg, inner.source = l.at, pkg, l.source
	t.lines = append(t.lines, inner)
}

// parseEvent reads an event. ok is false for any other line.
func parseEvent(text []byte) (e event, ok bool, err error) {
	if !bytes.HasPrefix(text, []byte(`{"Time":`)) && (!bytes.HasPrefix(text, []byte(`{"`)) || !bytes.Contains(text, []byte(`"Action"`))) {
		return e, false, nil
	}
	var other *json.UnmarshalTypeError // a logger's JSON
	if err := json.Unmarshal(text, &e); err != nil && !errors.As(err, &other) {
		return e, false, err
	}
	return e, e.Action != "" && other == nil, nil
}
