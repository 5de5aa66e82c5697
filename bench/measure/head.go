package measure

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/host"
)

// WriteHeader writes the beginning of a results file: the configuration, and a
// "Unit" line for each of the units with a fact: its better side, whether it is
// exact, or the rows that it decides ([catalog.DecidedBy]).
func WriteHeader(w io.Writer, settings []host.Setting, units []catalog.Unit) error {
	b := bufio.NewWriter(w)
	for _, s := range settings {
		fmt.Fprintf(b, "%s: %s\n", s.Key, s.Value)
	}
	for _, u := range units {
		var facts string
		if u.Better != "" {
			facts += " better=" + u.Better
		}
		if u.Exact {
			facts += " assume=exact"
		}
		if rows := catalog.DecidedBy(u.Name); rows != nil {
			facts += " decides=" + strings.Join(rows, ",")
		}
		if facts != "" { // a Unit line without a key=value says nothing
			fmt.Fprintf(b, "Unit %s%s\n", u.Name, facts)
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing the head of the results: %w", err)
	}
	return nil
}

// Emulated reports whether this machine's CPU is emulated, so that its times
// mean nothing.
func Emulated() bool { return host.Emulated() }

// oneFile is the program for hosts without Go, which is its own worker. It
// links more than the bench test binary, which moves some figures. So its files
// have the key worker, and no run continues the other program's file.
const oneFile = "threadbench/scripts/threadbench"

// WriteHead writes the head of a results file of that driver: its
// Configuration, where kernel memory is read, and with -tags pthread the C
// library of the workers of impl=pthread, which no other arm uses. cpu is
// NewSite's. Under "lockstep" all units follow, and a comment gives the CPUs'
// numbers; go test's adaptor writes a unit when a row has it. The process has to
// be the one that starts the workers.
func WriteHead(w io.Writer, driver string, cpu int) error {
	site, err := NewSite(cpu)
	if err != nil {
		return err
	}
	settings := append(Configuration(driver, host.TimerCost(), site), host.Setting{Key: "kernel-bytes", Value: host.KernelBytesFrom()})
	if info, ok := debug.ReadBuildInfo(); ok && info.Path == oneFile {
		settings = append(settings, host.Setting{Key: "worker", Value: path.Base(oneFile)})
	}
	if factor := Injected(); factor != "" {
		settings = append(settings, host.Setting{Key: "inject", Value: host.Clean(factor)})
	}
	if WithPthread {
		program, err := os.Executable()
		if err != nil {
			return err
		}
		library, err := CLibrary(program)
		if err != nil {
			return err
		}
		settings = append(settings, host.Setting{Key: "pthread", Value: library})
	}
	if driver == "testing" {
		return WriteHeader(w, settings, nil)
	}
	if err := WriteHeader(w, settings, catalog.Units); err != nil {
		return err
	}
	_, err = io.WriteString(w, site.comment())
	return err
}

// HeadOnly is the name of a case for which a worker writes the head of a
// results file, and measures nothing.
const HeadOnly = "head"

// Head returns the beginning of a run's results file. A worker of program, the
// bench test binary, writes it, since the cases are measured by such workers.
// The process that asks may be built otherwise, by another Go release or with a
// package that links cgo, and then makes its threads in another way. env is the
// worker's environment beyond this process's, KEY=VALUE.
func Head(ctx context.Context, program string, site Site, env ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = Environ(os.Environ(), append(env, WorkerVariable+"="+HeadOnly, CpuVariable+"="+strconv.Itoa(site.CPU))...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking the worker for its configuration: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return text, nil
}

func head() int {
	if err := WriteHead(os.Stdout, "lockstep", chosenCPU()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Configuration returns the configuration at the beginning of a file of that
// driver, measured at the site. timer is the result of [TimerCost], 0 for none.
func Configuration(driver string, timer time.Duration, site Site) []host.Setting {
	return host.Configuration(driver, timer, site.all())
}

// TimerCost returns the cost of one time.Now here.
func TimerCost() time.Duration { return host.TimerCost() }
