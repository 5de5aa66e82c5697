package goroutines

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

var links = []struct {
	name   string
	open   func() (Link, error)
	alone  bool // its driver needs nobody to answer
	places bool // its two sides compare their CPUs
}{
	{"channel", func() (Link, error) { return NewChannel(), nil }, false, true},
	{"yield", func() (Link, error) { return NewYield(), nil }, false, false},
	{"pipe", NewPipe, false, true},
	{"pipe-floor", NewPipeFloor, true, false},
	{"coroutine", func() (Link, error) { return NewCoroutine(), nil }, true, false},
}

func open(t *testing.T, make func() (Link, error)) Link {
	t.Helper()
	l, err := make()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A record is a clock that notes how many round trips had been answered when
// it was started and stopped.
type record struct {
	tally   func() *Tally
	answers []int
}

func (r *record) Start() { r.answers = append(r.answers, r.tally().Answers) }
func (r *record) Stop()  { r.Start() }

// TestPair: turns of any size make the round trips that they were asked for: n
// on the clock and warm before it.
func TestPair(t *testing.T) {
	for _, link := range links {
		t.Run(link.name, func(t *testing.T) {
			leaveNothing(t)
			l := open(t, link.open)
			p, err := NewPair(l, nil)
			if err != nil {
				t.Fatal(err)
			}
			if *p.Tally() != (Tally{}) {
				t.Errorf("before the first turn %+v", *p.Tally())
			}
			clock := &record{tally: p.Tally}
			// Nothing orders two tasks that yield within a turn: one may read
			// the other's count only after the turn.
			if _, yields := l.(*yield); yields {
				clock.tally = func() *Tally { return &Tally{} }
			}
			var want []int
			answers := 0
			for _, size := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}, {7, 3}, {1000, 500}} {
				n, warm := size[0], size[1]
				if err := p.Run(n, warm, clock); err != nil {
					t.Fatal(err)
				}
				if _, yields := l.(*yield); yields {
					want = append(want, 0, 0)
				} else {
					want = append(want, answers+warm, answers+warm+n)
				}
				answers += warm + n
				if got := p.Tally().Answers; got != answers {
					t.Errorf("after Run(%d, %d): %d answers, want %d", n, warm, got, answers)
				}
			}
			if !slices.Equal(clock.answers, want) {
				t.Errorf("answers on the clock %d, want %d", clock.answers, want)
			}
			samples := 0
			if link.places && CPU() >= 0 {
				samples = (answers + sampleEvery - 1) / sampleEvery
			}
			if got := p.Tally(); got.Samples != samples || got.Crossed > samples {
				t.Errorf("%+v, want %d samples", *got, samples)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPairClose closes pairs in every state.
func TestPairClose(t *testing.T) {
	for _, link := range links {
		t.Run(link.name, func(t *testing.T) {
			leaveNothing(t)
			for turns := range 4 {
				for range 20 {
					p, err := NewPair(open(t, link.open), nil)
					if err != nil {
						t.Fatal(err)
					}
					for range turns {
						if err := p.Run(turns, turns/2, &record{tally: func() *Tally { return &Tally{} }}); err != nil {
							t.Fatal(err)
						}
					}
					if err := p.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// TestLinkClose closes links that nobody drives: served or not, and before
// somebody begins to serve.
func TestLinkClose(t *testing.T) {
	for _, link := range links {
		t.Run(link.name, func(t *testing.T) {
			leaveNothing(t)
			l := open(t, link.open)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if err := l.Serve(); err != nil {
				t.Errorf("Serve after Close: %v", err)
			}

			l = open(t, link.open)
			served := make(chan error)
			go func() { served <- l.Serve() }()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if err := <-served; err != nil {
				t.Errorf("Serve, closed: %v", err)
			}
			if *l.Tally() != (Tally{}) {
				t.Errorf("%+v without a turn", *l.Tally())
			}
		})
	}
}

// TestAlone: the floors need nobody to answer them.
func TestAlone(t *testing.T) {
	for _, link := range links {
		if !link.alone {
			continue
		}
		t.Run(link.name, func(t *testing.T) {
			leaveNothing(t)
			l := open(t, link.open)
			for n := range 5 {
				before := l.Tally().Answers
				if err := l.Drive(n); err != nil {
					t.Fatal(err)
				}
				if got := l.Tally().Answers - before; got != n {
					t.Errorf("%d round trips in Drive(%d)", got, n)
				}
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSetup: each task is set up once, on the goroutine that does its work. An
// error of either becomes NewPair's, and neither task stays.
func TestSetup(t *testing.T) {
	failed := [2]error{errors.New("task 0 failed"), errors.New("task 1 failed")}
	for _, link := range links {
		for _, fails := range [][]int{nil, {0}, {1}, {0, 1}} {
			t.Run(fmt.Sprint(link.name, fails), func(t *testing.T) {
				leaveNothing(t)
				var mu sync.Mutex
				var tasks []int
				p, err := NewPair(open(t, link.open), func(task int) error {
					mu.Lock()
					defer mu.Unlock()
					tasks = append(tasks, task)
					if slices.Contains(fails, task) {
						return failed[task]
					}
					return nil
				})
				slices.Sort(tasks)
				if !slices.Equal(tasks, []int{0, 1}) {
					t.Errorf("set up were the tasks %d", tasks)
				}
				if fails == nil {
					if err != nil {
						t.Fatal(err)
					}
					p.Close()
					return
				}
				if p != nil || !slices.ContainsFunc(fails, func(task int) bool { return errors.Is(err, failed[task]) }) {
					t.Errorf("NewPair = %v, %v, want an error of the tasks %d", p, err, fails)
				}
			})
		}
	}
}

// TestPipeBroken: a pipe that fails is an error of both sides.
func TestPipeBroken(t *testing.T) {
	leaveNothing(t)
	l := open(t, NewPipe)
	l.(*pipe).pipes[1][1].Close()
	if err := l.Drive(3); !errors.Is(err, io.EOF) {
		t.Errorf("Drive with nobody to answer: %v, want %v", err, io.EOF)
	}
	// The byte of that round trip is there to be answered.
	if err := l.Serve(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Serve with no way to answer: %v, want %v", err, os.ErrClosed)
	}
	// Not every system's pipes have deadlines.
	if l.(*pipe).pipes[0][0].SetReadDeadline(time.Unix(1, 0)) == nil {
		if err := l.Serve(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Serve with no way to be asked: %v, want %v", err, os.ErrDeadlineExceeded)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
