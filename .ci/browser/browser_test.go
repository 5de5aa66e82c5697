// Package browser is the tests of the report's page in a real browser:
// chromium, driven through its DevTools protocol. It is a module of its own, so
// that users of threadbench don't carry the driver. The page is what "go run
// ./scripts/report" writes; nothing of ours is imported.
//
// Its stance: the browser is asked, not imitated. axe-core judges what a reader
// with a screen reader or weak eyes needs. Our own checks are for what axe has
// no rule for: no network, no sideways scrolling, labels that can be read,
// paper, the keyboard, sorting, and a page without script. No check can only
// pass: TestFaults breaks a sound page in ways that each check must find.
package browser

import (
	"context"
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
)

// The tests share the browser, the pages by their names, and axe-core.
var (
	browser context.Context
	pages   map[string]string // paths
	axe     string            // its script
)

// markup may stand in a results file. The page must show it and never run it.
const markup = `"><img src=x onerror=alert(1)><script>document.title='run'<script>`

// hostile is a file with markup wherever a file may have text.
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

// nothing is a file without a row of the suite's families.
const nothing = "driver: lockstep\nBenchmarkParse/impl=fast 10 7 ns/op\n# end round 1\n"

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run runs the tests with the pages written and the browser started.
func run(m *testing.M) (code int, err error) {
	script, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		return 0, fmt.Errorf("reading axe-core: %w; install it in .ci/browser: npm ci", err)
	}
	axe = string(script)
	dir, err := os.MkdirTemp("", "threadbench-browser-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if pages, err = write(dir); err != nil {
		return 0, err
	}

	executable, err := exec.LookPath("chromium")
	if err != nil {
		return 0, fmt.Errorf("looking for the browser: %w; on Debian: apt-get install chromium", err)
	}
	allocated, free := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(executable))...)
	defer free()
	ctx, cancel := chromedp.NewContext(allocated)
	defer cancel()
	if err := chromedp.Do(ctx); err != nil {
		return 0, fmt.Errorf("starting %s: %w", executable, err)
	}
	browser = ctx
	return m.Run(), nil
}

// write makes the pages with the report command of this checkout.
func write(dir string) (map[string]string, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	var failed error
	input := func(name, text string) string {
		path := filepath.Join(dir, name)
		failed = errors.Join(failed, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	small, reference := "scripts/internal/report/testdata/small.txt", "results/reference.txt"
	pages := map[string]string{}
	for name, files := range map[string][]string{
		"small":     {small},
		"reference": {reference},
		"beside":    {small, reference},
		"hostile":   {input(`"><img src=x onerror=alert(1)>.txt`, hostile)},
		"nothing":   {input("nothing.txt", nothing)},
	} {
		pages[name] = filepath.Join(dir, name+".html")
		cmd := exec.Command("go", append([]string{"run", "./scripts/report", "-o", pages[name]}, files...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w\n%s", cmd, err, out))
		}
	}
	return pages, failed
}

// A view is the screen or paper that shows a page.
type view struct {
	width    int64 // CSS pixels; a phone's below 500
	dark     bool
	print    bool
	noScript bool
}

func (v view) String() string {
	words := fmt.Sprintf("%d px", v.width)
	for _, w := range []struct {
		on   bool
		word string
	}{{v.dark, ", dark"}, {v.print, ", print"}, {v.noScript, ", no script"}} {
		if w.on {
			words += w.word
		}
	}
	return words
}

// paper is a page's view on A4 with a browser's margins. A page of several
// files asks for landscape.
func paper(name string) view {
	if name == "beside" {
		return view{width: 1047, print: true}
	}
	return view{width: 718, print: true}
}

// A tab is an open page in a test.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// open opens a page. A complaint of the browser is an error, unless the test takes the
// complaint before the test's end.
func open(t *testing.T, name string, v view) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, audits.Enable, cdp.Empty{})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.noScript})
	b.look(v)
	do(b, chromedp.Navigate("file://"+pages[name]))
	ask[bool](b, "%s; true", checks)
	t.Cleanup(func() {
		for _, c := range b.complained() {
			t.Errorf("the browser complains: %s", c)
		}
	})
	return b
}

// hear records the browser's complaints and network requests.
func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, fmt.Sprintf("console.%s", e.Type))
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, fmt.Sprintf("%s: %s", e.Entry.Source, e.Entry.Text))
	case *audits.EventIssueAdded:
		b.complaints = append(b.complaints, fmt.Sprintf("issue: %s", e.Issue.Code))
	}
}

// complained takes the complaints so far.
func (b *tab) complained() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.complaints
	b.complaints = nil
	return taken
}

// requested are the requested addresses so far.
func (b *tab) requested() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// look gives the tab another view. It does not switch scripts on or off.
func (b *tab) look(v view) {
	b.t.Helper()
	var options []chromedp.EmulateViewportOption
	if v.width < 500 {
		options = append(options, chromedp.EmulateMobile)
	}
	do(b, chromedp.EmulateViewport(v.width, 900, options...))
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

// patience is how long the browser may take for one action.
const patience = time.Minute

// do runs an action in the tab.
func do[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// call runs a command of the protocol.
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

// ask is the value of an expression. For a promise it is the resolved value.
func ask[T any](b *tab, expression string, args ...any) T {
	b.t.Helper()
	if len(args) > 0 {
		expression = fmt.Sprintf(expression, args...)
	}
	return do(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// none reports findings as errors, at most the first few.
func none(t *testing.T, found []string) {
	t.Helper()
	for i, f := range found {
		if i == 8 {
			t.Errorf("… and %d more", len(found)-i)
			return
		}
		t.Error(strings.TrimSpace(f))
	}
}
