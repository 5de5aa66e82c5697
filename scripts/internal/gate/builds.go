package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// The arms of every comparison. The control is base once more, in another
// layout.
const (
	baseArm = iota
	headArm
	controlArm
	arms
)

var armNames = [arms]string{"base", "head", "control"}

// builds makes the binaries that are measured.
type builds struct {
	temp   string
	sides  [arms]*side
	pkgs   []string
	same   []bool // by package: base's build and head's are the same file
	used   []bool // by package: something of it is measured, so it is linked for each round
	random bool   // both linkers can lay functions out at random
	source [arms]string
}

// programs are the binaries of a round, by package and arm.
type programs [][arms]string

func (b *builds) path(round string, pkg, arm int) string {
	return filepath.Join(b.temp, round, fmt.Sprintf("%d-%s.test", pkg, armNames[arm]))
}

// first builds everything once, in the linker's own layout, which says whether
// it builds at all, fills go's cache, and shows which builds are the same.
func (b *builds) first(ctx context.Context, say func(format string, a ...any)) (programs, error) {
	b.random = b.sides[baseArm].random && b.sides[headArm].random
	progs := make(programs, len(b.pkgs))
	b.same = make([]bool, len(b.pkgs))
	for arm, s := range b.sides[:controlArm] {
		say("building %s (%s)", s.name, s)
		for i, pkg := range b.pkgs {
			progs[i][arm] = b.path("first", i, arm)
			if err := s.link(ctx, b.temp, pkg, 0, progs[i][arm]); err != nil {
				return nil, err
			}
			if _, err := os.Stat(progs[i][arm]); err != nil {
				return nil, fmt.Errorf("building %s: go test -c %s made no test binary; choose packages that have tests", s.name, pkg)
			}
		}
		var err error
		if b.source[arm], err = s.sources(ctx, b.temp, b.pkgs); err != nil {
			return nil, err
		}
	}
	for i := range b.pkgs {
		progs[i][controlArm] = progs[i][baseArm]
		same, err := sameFiles(progs[i][baseArm], progs[i][headArm])
		if err != nil {
			return nil, err
		}
		b.same[i] = same
		if same {
			progs[i][headArm] = progs[i][baseArm]
		}
	}
	return progs, nil
}

// unchanged is an error if the sources are no longer those of the first build.
func (b *builds) unchanged(ctx context.Context) error {
	for arm, s := range b.sides[:controlArm] {
		now, err := s.sources(ctx, b.temp, b.pkgs)
		if err != nil {
			return err
		}
		if now != b.source[arm] {
			return fmt.Errorf("the source of %s (%s) has changed since gate began, so its rounds would not be of one build; leave %s alone meanwhile, or commit and give -head REF", s.name, s.what, s.dir)
		}
	}
	return nil
}

// A layout is the seeds of a round, by arm: one for base and head, as a rule,
// and another one for the control.
type layout [arms]uint64

// link links a round. It answers the bytes that the files take.
func (b *builds) link(ctx context.Context, round string, l layout) (programs, int64, error) {
	progs := make(programs, len(b.pkgs))
	type order struct {
		pkg, arm int
		seed     uint64
	}
	var orders []order
	for i := range b.pkgs {
		if !b.used[i] {
			continue
		}
		for arm, seed := range l {
			progs[i][arm] = b.path(round, i, arm)
			if arm == headArm && b.same[i] && seed == l[baseArm] {
				progs[i][arm] = progs[i][baseArm]
				continue
			}
			orders = append(orders, order{i, arm, seed})
		}
	}
	errs := make([]error, len(orders))
	var all sync.WaitGroup
	free := make(chan struct{}, min(4, runtime.NumCPU()))
	for k, o := range orders {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if ctx.Err() == nil {
				errs[k] = b.sides[o.arm].link(ctx, b.temp, b.pkgs[o.pkg], o.seed, progs[o.pkg][o.arm])
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, 0, context.Cause(ctx)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, 0, err
	}
	var size int64
	for _, o := range orders {
		if info, err := os.Stat(progs[o.pkg][o.arm]); err == nil {
			size += info.Size()
		}
	}
	return progs, size, nil
}

// links is what linking a round takes.
type links struct {
	cost time.Duration
	size int64
}

// try links rounds of what is used, to see what one takes once the files are
// at hand, and that the seeds have an effect.
func (b *builds) try(ctx context.Context) (l links, err error) {
	if !b.random {
		return l, nil
	}
	for range 2 {
		begun := time.Now()
		progs, size, err := b.link(ctx, "try", layout{1, 1, 2})
		if err != nil {
			return l, err
		}
		l = links{time.Since(begun), size}
		if err := b.laidOut(progs); err != nil {
			return l, err
		}
		b.remove("try")
	}
	return l, nil
}

// remove removes what was linked for a round.
func (b *builds) remove(round string) { os.RemoveAll(filepath.Join(b.temp, round)) }

// laidOut is an error if a round's control is the same file as its base: then
// the seeds have not reached the linker.
func (b *builds) laidOut(progs programs) error {
	for i := range progs {
		if !b.used[i] {
			continue
		}
		same, err := sameFiles(progs[i][baseArm], progs[i][controlArm])
		if err != nil {
			return err
		}
		if same {
			return fmt.Errorf("linking %s with two seeds of -ldflags=-randlayout gave the same file twice; if GOFLAGS has an -ldflags for other packages only, leave that out", b.pkgs[i])
		}
	}
	return nil
}

// sameFiles tells whether two files hold the same bytes.
func sameFiles(a, b string) (bool, error) {
	var sums [2][]byte
	for i, path := range []string{a, b} {
		f, err := os.Open(path)
		if err != nil {
			return false, fmt.Errorf("comparing builds: %w", err)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return false, fmt.Errorf("comparing builds: %w", err)
		}
		sums[i] = h.Sum(nil)
	}
	return bytes.Equal(sums[0], sums[1]), nil
}
