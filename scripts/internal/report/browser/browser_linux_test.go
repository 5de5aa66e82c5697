// Package browser is the tests of the report's page in a real browser:
// chromium, driven through its DevTools protocol.
//
// Its stance: the browser is asked, not imitated. Colours, sizes, names and
// the order of the Tab key are those that it computed, and clicks and keys go
// through its own input. What no protocol answers, such as whether labels lie
// over each other, audit.js reckons from what was laid out. No check can only
// pass: TestAudits breaks a sound page in every way that one has to find.
//
// All tests share one browser. They take half a minute and a browser that not
// everybody has, so those that need it are skipped but with
// THREADBENCH_BROWSER=1 in the environment.
package browser

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"threadbench/scripts/internal/report"
	"threadbench/scripts/internal/results"
)

// wanted is the environment variable that asks for these tests.
const wanted = "THREADBENCH_BROWSER"

// executables are what the browser may be called, the first one found is
// taken.
var executables = []string{"chromium", "chromium-browser", "google-chrome"}

// A process is the browser that all tests share, with the folder of its pages.
type process struct {
	ctx   context.Context
	dir   string
	close []func() // the last one first
}

var shared process

var started = sync.OnceValue(func() error {
	var path string
	for _, name := range executables {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return fmt.Errorf("no %s in PATH: %w; on Debian: apt-get install chromium", strings.Join(executables, ", "), exec.ErrNotFound)
	}
	dir, err := os.MkdirTemp("", "threadbench-browser-")
	if err != nil {
		return err
	}
	shared.dir = dir
	shared.close = append(shared.close, func() { os.RemoveAll(dir) })
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	allocated, free := chromedp.NewExecAllocator(context.Background(), options...)
	shared.close = append(shared.close, free)
	ctx, cancel := chromedp.NewContext(allocated)
	shared.close = append(shared.close, cancel)
	shared.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		return fmt.Errorf("starting %s: %w", path, err)
	}
	return nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	for i := len(shared.close) - 1; i >= 0; i-- {
		shared.close[i]()
	}
	os.Exit(code)
}

// browse is the browser, or the test's end.
func browse(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv(wanted) == "" {
		t.Skip("needs chromium: " + wanted + "=1 asks for it")
	}
	if err := started(); err != nil {
		t.Fatal(err)
	}
	return shared.ctx
}

// A sample is a page to be tested and what it was made of.
type sample struct {
	name  string
	files []*results.File
	html  string
	path  string
	tab   *tab // what reading tests share, nil before the first
}

// markup is what a file may hold, to be shown and never to be run.
const markup = `"></title></script><script>document.title='run'</script><img/src=x/onerror=alert(1)>`

// hostile is a file that holds it wherever a file may hold text.
const hostile = "driver: lockstep\nhost-name: " + markup + "\n# begun 2026 on " + markup + "\n# skip BenchmarkA/impl=<b>: " + markup +
	"\n# round 1: steal=" + markup + `
BenchmarkSwitch/impl=goroutine/via=channel/place=same 10 250 ns/op 1 x-goroutine
BenchmarkSwitch/impl=locked/via=channel/place=same 10 14000 ns/op 56 x-goroutine
BenchmarkSwitch/impl=<script>alert(1)<script>/via=channel 10 7 ns/op
BenchmarkScale/impl=goroutine/n=<script> 10 7 ns/op
BenchmarkBlock/impl=goroutine/wait=<b>/n=1 10 7 ns/op 1 bystander-share
BenchmarkStack/impl=goroutine/depth=<i> 10 7 user-B/task 7 kernel-B/task
Benchmark<svg>/impl="onload=alert(1) 1 1 <unit>
# end round 1
`

var samples = sync.OnceValues(func() ([]*sample, error) {
	small, err := os.ReadFile("../testdata/small.txt")
	if err != nil {
		return nil, err
	}
	read := func(name, text string) *results.File {
		f, e := results.Read(strings.NewReader(text), name)
		err = errors.Join(err, e)
		return f
	}
	plain := read("small.txt", string(small))
	reference, e := results.ReadFile("../../../../results/reference.txt")
	err = errors.Join(err, e)
	all := []*sample{
		{name: "small", files: []*results.File{plain}},
		{name: "reference", files: []*results.File{reference}},
		{name: "beside", files: []*results.File{plain, reference}},
		{name: "hostile", files: []*results.File{read(markup+".txt", hostile)}},
		{name: "nothing", files: []*results.File{read("nothing.txt", "driver: lockstep\nBenchmarkParse/impl=fast 10 7 ns/op\n# end round 1\n")}},
	}
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		var b strings.Builder
		if err := report.New(s.files).HTML(&b); err != nil {
			return nil, err
		}
		s.html = b.String()
		s.path = filepath.Join(shared.dir, s.name+".html")
		if err := os.WriteFile(s.path, []byte(s.html), 0o644); err != nil {
			return nil, err
		}
	}
	return all, nil
})

// sampled are the samples, written where the browser opens them.
func sampled(t *testing.T, names ...string) []*sample {
	t.Helper()
	browse(t)
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		return all
	}
	var some []*sample
	for _, s := range all {
		for _, name := range names {
			if s.name == name {
				some = append(some, s)
			}
		}
	}
	if len(some) != len(names) {
		t.Fatalf("of the samples %v there are %d", names, len(some))
	}
	return some
}

// A view is how a page is looked at.
type view struct {
	width    int64 // CSS pixels; a phone's below 500
	dark     bool
	print    bool
	noScript bool
}

func (v view) String() string {
	words := []string{fmt.Sprintf("%d px", v.width)}
	for _, w := range []struct {
		on   bool
		word string
	}{{v.dark, "dark"}, {v.print, "print"}, {v.noScript, "no script"}} {
		if w.on {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ", ")
}

// A4 with the margins that browsers leave, in CSS pixels: upright, and on its
// side, as a page of several files asks for.
const (
	paper    = 718
	sideways = 1047
)

// paper is how wide the sheet is that the sample is printed on.
func (s *sample) paper() int64 {
	if strings.Contains(s.html, "@page { size: landscape; }") {
		return sideways
	}
	return paper
}

// A tab is a page that is open, in the hands of a test.
type tab struct {
	t     *testing.T
	ctx   context.Context
	heard *record
}

// A record is what the browser complained of since somebody asked, and what it
// asked the network for.
type record struct {
	mu         sync.Mutex
	complaints []string
	requests   []string
}

// opened opens a page in a tab of its own, which the second answer closes.
func opened(t *testing.T, url string, v view) (*tab, func()) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browse(t))
	b := &tab{t, ctx, &record{}}
	if err := chromedp.Listen(ctx, b.heard.hear); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, audits.Enable, cdp.Empty{})
	if v.noScript {
		call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
	b.look(v)
	run(b, chromedp.Navigate(url))
	run(b, chromedp.Evaluate[chromedp.Void](checks))
	return b, cancel
}

// open opens a page for this test alone. A complaint that the test hasn't
// taken at its end is an error.
func open(t *testing.T, url string, v view) *tab {
	t.Helper()
	b, cancel := opened(t, url, v)
	t.Cleanup(cancel)
	b.heed()
	return b
}

func (s *sample) open(t *testing.T, v view) *tab {
	t.Helper()
	return open(t, "file://"+s.path, v)
}

// read is a sample's page for a test that changes nothing in it but the view:
// all of those share a tab.
func (s *sample) read(t *testing.T, v view) *tab {
	t.Helper()
	if s.tab == nil {
		b, cancel := opened(t, "file://"+s.path, v)
		shared.close = append(shared.close, cancel)
		s.tab = b
	}
	b := s.tab.as(t)
	b.heed()
	b.look(v)
	return b
}

// as is the tab in the hands of another test.
func (b *tab) as(t *testing.T) *tab { return &tab{t, b.ctx, b.heard} }

// heed makes complaints the test's errors, at its end.
func (b *tab) heed() {
	b.t.Cleanup(func() {
		for _, c := range b.complained() {
			b.t.Errorf("the browser complains: %s", c)
		}
	})
}

// hear writes an event down.
func (r *record) hear(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		r.requests = append(r.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		r.complaints = append(r.complaints, "exception: "+text)
	case *runtime.EventConsoleAPICalled:
		text := fmt.Sprintf("console.%s:", e.Type)
		for _, a := range e.Args {
			text += " " + string(a.Value)
		}
		r.complaints = append(r.complaints, text)
	case *log.EventEntryAdded:
		r.complaints = append(r.complaints, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
	case *audits.EventIssueAdded:
		r.complaints = append(r.complaints, fmt.Sprintf("issue: %s", e.Issue.Code))
	}
}

// complained takes the complaints so far.
func (b *tab) complained() []string {
	b.heard.mu.Lock()
	defer b.heard.mu.Unlock()
	taken := b.heard.complaints
	b.heard.complaints = nil
	return taken
}

// requested are the addresses asked for so far.
func (b *tab) requested() []string {
	b.heard.mu.Lock()
	defer b.heard.mu.Unlock()
	return slices.Clone(b.heard.requests)
}

// look turns the tab to another view; scripts stay as they were.
func (b *tab) look(v view) {
	b.t.Helper()
	var options []chromedp.EmulateViewportOption
	if v.width < 500 {
		options = append(options, chromedp.EmulateMobile)
	}
	run(b, chromedp.EmulateViewport(v.width, 900, options...))
	media, scheme := "screen", "light"
	if v.print {
		media = "print"
	}
	if v.dark {
		scheme = "dark"
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// patience is how long the browser may take for one thing.
const patience = time.Minute

// run does an action in the tab.
func run[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// call is a command of the protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	r, err := chromedp.Call(ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

// ask is an expression's value.
func ask[T any](b *tab, expression string, args ...any) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](fmt.Sprintf(expression, args...)))
}

//go:embed audit.js
var checks string

// audit runs some checks of audit.js; what they find is the answer.
func (b *tab) audit(names ...string) []string {
	b.t.Helper()
	var found []string
	for _, name := range names {
		for _, text := range ask[[]string](b, "audit.%s()", name) {
			found = append(found, name+": "+text)
		}
	}
	return found
}

// none makes findings errors, the first few of many.
func none(t *testing.T, found []string) {
	t.Helper()
	const most = 8
	for i, f := range found {
		if i == most {
			t.Errorf("… and %d more", len(found)-most)
			break
		}
		t.Error(f)
	}
}
