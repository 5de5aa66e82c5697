package gate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// The arms of every comparison. The control is base again, in another layout.
const (
	baseArm = iota
	headArm
	controlArm
	arms
)

var armNames = [arms]string{"base", "head", "control"}

// builds makes the binaries that are measured. A round needs two links of a
// package, base's and head's, in one layout. Its control is base's binary in
// the next round's layout.
type builds struct {
	temp   string
	sides  [arms]*side
	pkgs   []string
	same   []bool // by package: base and head built the same file
	used   []bool // by package: an item of it is still open, so each layout links it
	random bool   // both linkers can lay functions out at random
	align  bool   // both linkers can align functions
	plain  programs
	one    map[int]bool   // by layout: base and head have the same seed
	source [arms][]string // the files that each side is built from
	stamps [arms]string
}

// programs are the binaries of a round, by package and arm.
type programs [][arms]string

// A layout holds the seeds of base and head; they are the same unless the plan
// is apart.
type layout [controlArm]uint64

// An unbuilt package has no test binary on a side.
type unbuilt struct {
	pkg   int // of builds.pkgs
	sides [controlArm]bool
	hint  string // a way out if a file is missing
	said  string // by go test -c: head's, or base's if head builds
}

var (
	sourceLine = regexp.MustCompile(`^\S+\.go:\d+:(?:\d+:)? .`)
	lacksFile  = regexp.MustCompile(`undefined: |no matching files|no such file|cannot find|no required module|is not in std|no non-test Go files`)
)

// why is why the package has no figures: the compiler's first error.
func (u unbuilt) why() string {
	sides := "base"
	switch {
	case u.sides[baseArm] && u.sides[headArm]:
		sides = "base and head"
	case u.sides[headArm]:
		sides = "head"
	}
	first := ""
	for line := range strings.Lines(u.said) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "./")
		if sourceLine.MatchString(line) {
			first = line
			break
		}
		if first == "" && !strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "go: downloading ") {
			first = line
		}
	}
	why := "it doesn't build in " + sides + ": " + oneLine(first)
	if lacksFile.MatchString(first) {
		why += u.hint
	}
	return why
}

// output is what a command printed, of an error of job.Output.
func output(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if _, said, ok := strings.Cut(err.Error(), exit.Error()+": "); ok {
			return said
		}
	}
	return err.Error()
}

func (b *builds) path(folder string, pkg, arm int) string {
	return filepath.Join(b.temp, folder, fmt.Sprintf("%d-%s.test", pkg, armNames[arm]))
}

// first builds everything once, in the linker's own layout. That shows what
// builds and which builds are the same, and fills go's cache. A package that
// fails to build on a side has no programs.
func (b *builds) first(ctx context.Context, say func(format string, a ...any)) (programs, []unbuilt, error) {
	b.random = b.sides[baseArm].random && b.sides[headArm].random
	b.align = b.sides[baseArm].align && b.sides[headArm].align
	if err := os.MkdirAll(filepath.Join(b.temp, "first"), 0o755); err != nil {
		return nil, nil, err
	}
	progs := make(programs, len(b.pkgs))
	b.same = make([]bool, len(b.pkgs))
	failed := make([]*unbuilt, len(b.pkgs))
	for arm, s := range b.sides[:controlArm] {
		say("building %s (%s)", s.name, s)
		errs, err := s.compile(ctx, b.temp, b.pkgs, b.align, 0, func(i int) string { return b.path("first", i, arm) })
		if err != nil {
			return nil, nil, err
		}
		for i, err := range errs {
			if err == nil {
				progs[i][arm] = b.path("first", i, arm)
				continue
			}
			if err = b.full(err); errors.Is(err, errFull) {
				return nil, nil, err
			}
			if failed[i] == nil {
				failed[i] = &unbuilt{pkg: i}
			}
			failed[i].sides[arm] = true
			failed[i].said, failed[i].hint = output(err), s.hint()
		}
	}
	var left []unbuilt
	var built []string
	for i, f := range failed {
		if f != nil {
			left = append(left, *f)
			progs[i] = [arms]string{}
			continue
		}
		built = append(built, b.pkgs[i])
		progs[i][controlArm] = progs[i][baseArm]
		same, err := sameFiles(progs[i][baseArm], progs[i][headArm])
		if err != nil {
			return nil, nil, err
		}
		b.same[i] = same
		if same {
			os.Remove(progs[i][headArm])
			progs[i][headArm] = progs[i][baseArm]
		}
	}
	for arm, s := range b.sides[:controlArm] {
		if len(built) == 0 {
			break
		}
		var err error
		if b.source[arm], err = s.sources(ctx, b.temp, built); err != nil {
			return nil, nil, err
		}
		b.stamps[arm] = stamp(b.source[arm])
	}
	b.plain = progs
	return progs, left, nil
}

// unchanged is an error if the sources are no longer those of the first build.
func (b *builds) unchanged() error {
	for arm, s := range b.sides[:controlArm] {
		if stamp(b.source[arm]) != b.stamps[arm] {
			return fmt.Errorf("the source of %s (%s) changed while gate was running, so its rounds would not be of one build; leave %s alone during a run, or commit and give -head REF", s.name, s.what, s.dir)
		}
	}
	return nil
}

func layoutFolder(k int) string { return fmt.Sprintf("layout-%d", k) }

// link links the missing binaries of layout k: base's and, if both is set,
// head's. The control of the last round needs only base's. It answers the size
// of the new files.
func (b *builds) link(ctx context.Context, k int, l layout, both bool) (size int64, err error) {
	if !b.random {
		return 0, nil
	}
	if err := os.MkdirAll(filepath.Join(b.temp, layoutFolder(k)), 0o755); err != nil {
		return 0, b.full(err)
	}
	if b.one == nil {
		b.one = map[int]bool{}
	}
	b.one[k] = l[headArm] == l[baseArm]
	for arm, s := range b.sides[:controlArm] {
		if arm == headArm && !both {
			break
		}
		var which []int
		var pkgs []string
		for i := range b.pkgs {
			path := b.path(layoutFolder(k), i, arm)
			if _, err := os.Stat(path); err == nil || !b.used[i] {
				continue
			}
			if arm == headArm && b.same[i] && b.one[k] {
				continue
			}
			which, pkgs = append(which, i), append(pkgs, b.pkgs[i])
		}
		errs, err := s.compile(ctx, b.temp, pkgs, b.align, l[arm], func(i int) string { return b.path(layoutFolder(k), which[i], arm) })
		if err == nil {
			err = errors.Join(errs...)
		}
		if err != nil {
			return 0, b.full(err)
		}
		for _, i := range which {
			if info, err := os.Stat(b.path(layoutFolder(k), i, arm)); err == nil {
				size += info.Size()
			}
		}
	}
	return size, nil
}

// programs are the binaries of a round in layout k: base and head in layout k,
// and base in layout k+1 as the control. Both layouts must be linked.
func (b *builds) programs(k int) programs {
	if !b.random {
		return b.plain
	}
	progs := make(programs, len(b.pkgs))
	for i := range b.pkgs {
		if !b.used[i] {
			continue
		}
		progs[i] = [arms]string{b.path(layoutFolder(k), i, baseArm), b.path(layoutFolder(k), i, headArm), b.path(layoutFolder(k+1), i, baseArm)}
		if b.same[i] && b.one[k] {
			progs[i][headArm] = progs[i][baseArm]
		}
	}
	return progs
}

// drop removes what was linked of layout k.
func (b *builds) drop(k int) { os.RemoveAll(filepath.Join(b.temp, layoutFolder(k))) }

// links are the time and the bytes that linking a layout takes.
type links struct {
	cost time.Duration
	size int64
}

// try links two layouts of the used packages. The second shows what a layout
// costs once the files are in the cache, and both together that the seeds reach
// the linker.
func (b *builds) try(ctx context.Context) (l links, err error) {
	if !b.random {
		return l, nil
	}
	const k = -1
	defer b.drop(k)
	defer b.drop(k + 1)
	if _, err := b.link(ctx, k, layout{1, 1}, true); err != nil { // fills go's cache
		return l, err
	}
	begun := time.Now()
	if l.size, err = b.link(ctx, k+1, layout{2, 2}, true); err != nil {
		return l, err
	}
	l.cost = time.Since(begun)
	if free, known := freeSpace(b.temp); known {
		if err := room(b.temp, l.size, free+2*l.size); err != nil { // two layouts are on disk now
			return l, err
		}
	}
	return l, b.laidOut(b.programs(k))
}

// laidOut is an error if a round's control is the same file as its base: the
// seeds have not reached the linker.
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

// room is an error if the folder has too little room for two layouts of that
// size. Two are on disk at a time, since a round's control is in the next
// layout.
func room(folder string, size, free int64) error {
	if 2*size <= free {
		return nil
	}
	return fmt.Errorf("the binaries of a round take %d MB and %s has %d MB free; make room, or set TMPDIR to a folder that has more", 2*size>>20, folder, free>>20)
}

// errFull says that a folder of the build is full.
var errFull = errors.New("no space left")

// full turns a build's error that comes from a full disk into errFull with the
// folder's name.
func (b *builds) full(err error) error {
	if err == nil || !strings.Contains(err.Error(), "no space left on device") && !strings.Contains(err.Error(), "disk quota exceeded") {
		return err
	}
	where := b.temp
	if free, known := freeSpace(b.temp); known {
		where = fmt.Sprintf("%s (%d MB free)", b.temp, free>>20)
	}
	return fmt.Errorf("%w in %s or in go's cache (go env GOCACHE); make room, or set TMPDIR and GOCACHE to folders that have more: %w", errFull, where, err)
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
