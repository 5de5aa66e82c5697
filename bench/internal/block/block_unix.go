//go:build unix

package block

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

// maker returns a function that makes n tasks of a contender that wait.
func maker(impl, wait string, n int) (func() (waitingTasks, error), error) {
	if impl == "clone" && !threads.Supported {
		return nil, &lockstep.Skip{Reason: threads.ErrUnsupported.Error()}
	}
	if wait == "disk" {
		dir, err := host.OnDisk() // to see that there is one
		if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
			return nil, err
		}
	}
	if err := descriptors(3 * n); err != nil {
		return nil, err
	}
	return func() (waitingTasks, error) { return listening(impl, wait, n) }, nil
}

// descriptors returns a *lockstep.Skip unless there is room for that many more.
func descriptors(wanted int) error {
	const others = 32
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return fmt.Errorf("looking up RLIMIT_NOFILE: %w", err)
	}
	if enough := uint64(wanted + others); r.Cur < enough {
		return lockstep.Skipf("RLIMIT_NOFILE %d: %d file descriptors wanted; raise it: ulimit -n %d", r.Cur, wanted, enough)
	}
	return nil
}

// nobody returns the bystander's sending of bytes when it works alone.
func nobody(wait string) (silent func(int) error, end func() error, err error) {
	l, err := arm.NewLink(wait)
	if err != nil {
		return nil, nil, err
	}
	return func(int) error { return l.Send() }, l.Close, nil
}

// records are files, one a task, in a folder of their own.
type records struct {
	dir   string
	files []*os.File
}

func newRecords(n int) (r records, err error) {
	if r.dir, err = host.OnDisk(); err != nil {
		return r, err
	}
	for i := range n {
		f, err := os.Create(filepath.Join(r.dir, strconv.Itoa(i)))
		if err != nil {
			return r, errors.Join(err, r.remove())
		}
		r.files = append(r.files, f)
	}
	return r, nil
}

func (r records) remove() error {
	for _, f := range r.files {
		f.Close()
	}
	return os.RemoveAll(r.dir)
}

// fds returns the files' descriptors.
func (r records) fds() []int {
	var fds []int
	for _, f := range r.files {
		fds = append(fds, int(f.Fd()))
	}
	return fds
}

// syncing returns a read that also writes and syncs a record for each byte.
func (r records) syncing(read func(int) (bool, error)) func(int) (bool, error) {
	record := make([]byte, threads.RecordBytes)
	return func(task int) (bool, error) {
		more, err := read(task)
		if err == nil && more {
			if _, err = r.files[task].Write(record); err == nil {
				err = r.files[task].Sync()
			}
		}
		return more, err
	}
}

// listening makes tasks that wait for bytes, each on a link of its own. For
// wait=disk they also sync a record for each byte.
func listening(impl, wait string, n int) (waitingTasks, error) {
	var disk records
	if wait == "disk" {
		var err error
		if disk, err = newRecords(n); err != nil {
			return waitingTasks{}, err
		}
	}
	c, err := listeningTo(disk, impl, wait, n)
	if wait != "disk" {
		return c, err
	}
	if err != nil {
		return c, errors.Join(err, disk.remove())
	}
	join := c.end
	c.end = func(woken int) error { return errors.Join(join(woken), disk.remove()) }
	return c, nil
}

func listeningTo(disk records, impl, wait string, n int) (waitingTasks, error) {
	var links []arm.Link
	hangUp := func() {
		for _, l := range links {
			unix.Close(l.Out)
		}
	}
	forget := func() {
		for _, l := range links {
			unix.Close(l.In)
		}
	}
	for range n {
		l, err := arm.NewLink(wait)
		if err != nil {
			hangUp()
			forget()
			return waitingTasks{}, err
		}
		links = append(links, l)
	}
	c := waitingTasks{wake: func(time int) error { return links[time%n].Send() }}
	var join func() (turns []int64, err error)
	if impl == "clone" {
		fds := make([]int, n)
		for i, l := range links {
			fds[i] = l.In
		}
		newSet := threads.NewWaiters
		if wait == "disk" {
			newSet = func(fds []int) (*threads.Set, error) { return threads.NewSyncers(fds, disk.fds()) }
		}
		h, err := newSet(fds)
		if err == nil {
			err = h.Make(n)
		}
		if err != nil {
			hangUp()
			if h != nil {
				h.Join()
			}
			forget()
			return waitingTasks{}, err
		}
		c.arrive = h.WaitTurns
		c.asleep = func() (int, error) { return sleepers(h.TIDs()) }
		join = func() ([]int64, error) {
			h.Join()
			turns := make([]int64, n)
			for i, end := range h.Ends() {
				turns[i] = end.Turns
				if end.Got != 0 {
					return nil, fmt.Errorf("expected each task to end with its file, seen a last call that returned %d", end.Got)
				}
			}
			return turns, nil
		}
	} else {
		read := arm.Blocking(links)
		if wait != "syscall" {
			read, forget = arm.Polling(links)
		}
		if wait == "disk" {
			read = disk.syncing(read)
		}
		w := goroutines.NewWaiters(n, arm.InOf(impl), read)
		c.arrive = w.WaitTurns
		c.asleep = waiting(wait)
		join = w.Join
	}
	c.end = func(woken int) error {
		hangUp()
		turns, err := join()
		forget()
		if err == nil {
			err = errors.Join(readAll(turns, woken), written(disk.files, turns))
		}
		return err
	}
	return c, nil
}

// waiting returns a function that counts the blocked goroutines. A goroutine
// that waits for the poller may also be in a system call, where it holds a
// thread: a figure, not the evidence, shows those threads.
func waiting(wait string) func() (int, error) {
	states := []string{"syscall"}
	if wait != "syscall" {
		states = append(states, "IO wait")
	}
	return func() (int, error) { return arm.InState(states...), nil }
}

// readAll returns an error unless each task has read its share of what was
// sent.
func readAll(turns []int64, sent int) error {
	for i, got := range turns {
		want := sent / len(turns)
		if i < sent%len(turns) {
			want++
		}
		if got != int64(want) {
			return fmt.Errorf("expected task %d of %d to read %d of %d bytes, seen %d", i+1, len(turns), want, sent, got)
		}
	}
	return nil
}

// sleepers returns how many of the threads sleep.
func sleepers(tids []int) (int, error) {
	n := 0
	for _, tid := range tids {
		stat, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(tid) + "/stat") // proc_pid_stat(5)
		if err != nil {
			return 0, err
		}
		if _, state, ok := strings.Cut(string(stat), ") "); ok && state[0] == 'S' {
			n++
		}
	}
	return n, nil
}

// written returns an error unless each file has the size of the records synced
// to it.
func written(files []*os.File, synced []int64) error {
	for i, f := range files {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if want := synced[i] * threads.RecordBytes; info.Size() != want {
			return fmt.Errorf("expected %d bytes in the file of task %d after %d records, seen %d", want, i+1, synced[i], info.Size())
		}
	}
	return nil
}
